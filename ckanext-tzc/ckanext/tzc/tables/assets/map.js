// A map of a file's features: SVG, no background unless one is set, popups made of text.
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

  function reachable(layer, feature) {
    layer.on("add", function () {
      var shape = layer.getElement && layer.getElement();
      if (!shape) { return; }
      var first = Object.keys(feature.properties || {})[0];
      shape.setAttribute("tabindex", "0");
      shape.setAttribute("role", "button");
      shape.setAttribute("aria-label", first ? String(feature.properties[first]) : "");
      shape.addEventListener("keydown", function (event) {
        if (event.key === "Enter" || event.key === " ") { event.preventDefault(); layer.openPopup(); }
      });
    });
  }

  function list(box, map, layers) {
    box.parentNode.querySelectorAll("[data-tzc-feature]").forEach(function (item) {
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

  function draw(box, data) {
    var L = window.L;
    var calm = window.matchMedia("(prefers-reduced-motion: reduce)").matches;
    box.hidden = false;
    var map = L.map(box, { renderer: L.svg(), zoomAnimation: !calm, fadeAnimation: !calm, scrollWheelZoom: false, zoomControl: false, attributionControl: Boolean(box.dataset.attribution) });
    L.control.zoom({ zoomInTitle: box.dataset.zoomIn, zoomOutTitle: box.dataset.zoomOut }).addTo(map);
    box.setAttribute("role", "application");
    box.setAttribute("aria-label", box.dataset.label);
    var attribution = document.createElement("span");
    attribution.textContent = box.dataset.attribution || "";
    if (map.attributionControl) { map.attributionControl.setPrefix(false); }
    if (box.dataset.tiles) { L.tileLayer(box.dataset.tiles, { attribution: attribution.innerHTML, maxZoom: 19 }).addTo(map); }
    var layers = {};
    var shapes = L.geoJSON(null, {
      style: function () { return STYLE; },
      pointToLayer: function (_feature, place) { return L.circleMarker(place, Object.assign({ radius: 6 }, STYLE)); },
      onEachFeature: function (feature, layer) { layer.bindPopup(function () { return popup(feature); }, { maxHeight: 260 }); reachable(layer, feature); }
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
        box.parentNode.querySelector("details").open = true;
      });
  }

  document.addEventListener("DOMContentLoaded", function () {
    document.querySelectorAll("[data-tzc-map]").forEach(start);
  });
})();
