// A map of a file's features: SVG, above the outlines of the communes or the tiles that are set; popups made of text.
(function () {
  "use strict";
  var STYLE = { color: "#0b5c78", weight: 2, fillColor: "#2f9fc4", fillOpacity: 0.35 };

  function popup(feature) {
    var list = document.createElement("dl");
    Object.keys(feature.properties || {}).forEach(function (name) {
      var term = document.createElement("dt");
      var value = document.createElement("dd");
      term.textContent = name;
      value.textContent = feature.properties[name];
      list.appendChild(term);
      list.appendChild(value);
    });
    return list;
  }

  function list(box, map, layers) {
    (box.dataset.list ? document.querySelector(box.dataset.list) : box.parentNode).querySelectorAll("[data-tzc-feature]").forEach(function (item) {
      var layer = layers[Number(item.dataset.tzcFeature)];
      var title = item.querySelector("strong");
      if (!layer || !title) { return; }
      var button = document.createElement("button");
      button.type = "button";
      button.textContent = title.textContent;
      button.addEventListener("click", function () {
        box.scrollIntoView({ block: "nearest" });
        if (layer.getBounds) { map.fitBounds(layer.getBounds(), { maxZoom: 16 }); } else { map.setView(layer.getLatLng(), Math.max(map.getZoom(), 15)); }
        layer.openPopup();
      });
      title.replaceWith(button);
    });
  }

  // names of communes, the largest first; those that would lie on another's are left out until there is room
  function names(map, communes) {
    var labels = communes.map(function (commune) {
      var words = document.createElement("span");
      words.textContent = commune.properties.name;
      var place = [commune.properties.centre[1], commune.properties.centre[0]];
      window.L.marker(place, { icon: window.L.divIcon({ className: "tzc-map-name", html: words, iconSize: null }), pane: "tzcNames", interactive: false, keyboard: false }).addTo(map);
      return words;
    });
    function arrange() {
      var taken = [];
      labels.forEach(function (words) {
        words.hidden = false;
        var own = words.getBoundingClientRect();
        words.hidden = taken.some(function (other) { return own.left < other.right && own.right > other.left && own.top < other.bottom && own.bottom > other.top; });
        if (!words.hidden) { taken.push(own); }
      });
    }
    map.on("zoomend", arrange);
    arrange();
  }

  function extent(commune) {
    var bounds = window.L.geoJSON(commune).getBounds();
    return bounds.isValid() ? (bounds.getEast() - bounds.getWest()) * (bounds.getNorth() - bounds.getSouth()) : 0;
  }

  // Leaflet takes an attribution as HTML
  function escaped(text) {
    var words = document.createElement("span");
    words.textContent = text || "";
    return words.innerHTML;
  }

  function ground(map, box) {
    map.createPane("tzcGround").style.zIndex = 250;
    map.createPane("tzcNames").style.zIndex = 610;
    map.getPane("tzcNames").style.pointerEvents = "none";
    fetch(box.dataset.ground, { credentials: "same-origin" })
      .then(function (answer) { if (!answer.ok) { throw new Error(String(answer.status)); } return answer.json(); })
      .then(function (communes) {
        var drawn = communes.features.filter(function (commune) { return commune.geometry; });
        window.L.geoJSON({ type: "FeatureCollection", features: drawn }, {
          interactive: false, pane: "tzcGround", renderer: window.L.svg({ pane: "tzcGround" }), style: { className: "tzc-map-commune", color: "#9aa7b0", weight: 1, fillColor: "#fff", fillOpacity: 1 }
        }).addTo(map);
        map.attributionControl.addAttribution(escaped(communes.attribution));
        names(map, communes.features.slice().sort(function (one, other) { return extent(other) - extent(one); }));
      })
      // the places are what the map is for: it does without its ground
      .catch(function (error) { window.console.warn("The outlines of the communes could not be loaded", error); });
  }

  function draw(box, data) {
    var L = window.L;
    var calm = window.matchMedia("(prefers-reduced-motion: reduce)").matches;
    box.hidden = false;
    var map = L.map(box, { renderer: L.svg(), zoomAnimation: !calm, fadeAnimation: !calm, scrollWheelZoom: false, zoomControl: false, zoomSnap: 0.25 });
    L.control.zoom({ zoomInTitle: box.dataset.zoomIn, zoomOutTitle: box.dataset.zoomOut }).addTo(map);
    // hundreds of places would be hundreds of stops: by the keyboard they are opened from the list below
    box.setAttribute("role", "application");
    box.setAttribute("aria-label", box.dataset.label);
    map.attributionControl.setPrefix(false);
    if (box.dataset.tiles) { L.tileLayer(box.dataset.tiles, { attribution: escaped(box.dataset.attribution), maxZoom: 19 }).addTo(map); }
    else { ground(map, box); }
    var layers = {};
    var shapes = L.geoJSON(null, {
      style: function () { return STYLE; },
      pointToLayer: function (_feature, place) { return L.circleMarker(place, Object.assign({ radius: 6 }, STYLE)); },
      onEachFeature: function (feature, layer) { layer.bindPopup(function () { return popup(feature); }, { maxHeight: 260 }); }
    });
    data.features.forEach(function (feature, position) {
      if (!feature.geometry) { return; }
      var before = shapes.getLayers().length;
      shapes.addData(feature);
      layers[position] = shapes.getLayers()[before];
    });
    shapes.addTo(map);
    var bounds = shapes.getBounds();
    if (bounds.isValid()) { map.fitBounds(bounds, { padding: [20, 20], maxZoom: 16, animate: false }); } else { map.setView([0, 0], 1); }
    list(box, map, layers);
  }

  function start(box) {
    fetch(box.dataset.tzcMap, { credentials: "same-origin" })
      .then(function (answer) { if (!answer.ok) { throw new Error(String(answer.status)); } return answer.json(); })
      .then(function (data) { draw(box, data); })
      .catch(function () {
        var words = box.parentNode.querySelector(".tzc-map-failed");
        box.hidden = true;
        words.textContent = box.dataset.failed;
        words.hidden = false;
        var fold = box.parentNode.querySelector("details");
        if (fold) { fold.open = true; }
      });
  }

  document.addEventListener("DOMContentLoaded", function () {
    document.querySelectorAll("[data-tzc-map]").forEach(start);
  });
})();
