// Charts of measurements: drawn of what the series route answers, with a table of the same numbers. Without scripts the page has the table and a form.
(function () {
  "use strict";
  var COLOURS = ["#0b5c78", "#b3470b", "#5b3fa0", "#2a7a1f", "#a3185f", "#5c5c00"];
  var DASHES = [[], [8, 4], [2, 3], [12, 3, 2, 3], [5, 2], [1, 5]];
  var SHORTEST = 60 * 1000;
  var HOUR = 3600 * 1000;
  var DAY = 24 * HOUR;
  var HEIGHT = 320;

  function filled(words, values) {
    return words.replace(/\{(\w+)\}/g, function (whole, name) { return name in values ? values[name] : whole; });
  }

  function element(name, text, attributes) {
    var made = document.createElement(name);
    if (text !== undefined && text !== null) { made.textContent = text; }
    Object.keys(attributes || {}).forEach(function (key) { made.setAttribute(key, attributes[key]); });
    return made;
  }

  function start(box) {
    var told = JSON.parse(box.dataset.tzcSeries);
    var words = told.words;
    var known = {};
    told.streams.forEach(function (stream) { known[stream.id] = stream; });
    var state = { from: told.from, to: told.to, chosen: told.chosen, asked: 0, answer: null };
    var begin = { from: told.from, to: told.to };
    var canvas = box.querySelector("[data-series-chart]");
    var status = box.querySelector("[data-series-status]");
    var form = box.querySelector("form");
    var days = box.querySelector(".tzc-series-days");
    var plot = null;

    function format(options) { return new Intl.DateTimeFormat(told.language, Object.assign({ timeZone: told.zone }, options)); }
    var forms = {
      month: format({ month: "long", year: "numeric" }),
      day: format({ day: "numeric", month: "short", year: "numeric" }),
      minute: format({ day: "numeric", month: "short", year: "numeric", hour: "2-digit", minute: "2-digit" }),
      second: format({ day: "numeric", month: "short", year: "numeric", hour: "2-digit", minute: "2-digit", second: "2-digit" }),
      shortDay: format({ day: "numeric", month: "short" }), shortMonth: format({ month: "short", year: "numeric" }), year: format({ year: "numeric" }),
      clock: format({ hour: "2-digit", minute: "2-digit" }), clockSecond: format({ hour: "2-digit", minute: "2-digit", second: "2-digit" }),
      iso: new Intl.DateTimeFormat("en-CA", { timeZone: told.zone, year: "numeric", month: "2-digit", day: "2-digit" })
    };
    function moment(time, every) {
      var form = { "1mo": forms.month, "1d": forms.day }[every] || (every === "raw" && time % (60 * 1000) ? forms.second : forms.minute);
      return form.format(new Date(time));
    }
    var small = new Intl.NumberFormat(told.language, { maximumSignificantDigits: 5 });
    var large = new Intl.NumberFormat(told.language, { maximumFractionDigits: 2 });
    function number(value, unit) {
      if (value === null || value === undefined) { return ""; }
      if (typeof value === "string") { return value; }
      var written = (Math.abs(value) < 1e5 ? small : large).format(value);
      return unit ? written + "\u00a0" + unit : written;
    }

    function question(every) {
      var asked = new URLSearchParams();
      state.chosen.forEach(function (id) { asked.append("stream", id); });
      asked.append("from", new Date(state.from).toISOString());
      asked.append("to", new Date(state.to).toISOString());
      asked.append("every", every);
      return asked;
    }

    // ---- what is asked for

    function show(from, to) {
      state.from = Math.round(from);
      state.to = Math.round(Math.max(to, from + SHORTEST));
      return load(true);
    }

    function load(remember) {
      var number_ = state.asked += 1;
      box.setAttribute("aria-busy", "true");
      status.textContent = words.loading;
      return fetch(box.dataset.url + "?" + question("auto"), { credentials: "same-origin", headers: { Accept: "application/json" } })
        .then(function (answer) { if (!answer.ok) { throw new Error(String(answer.status)); } return answer.json(); })
        .then(function (answer) {
          if (number_ !== state.asked) { return; }
          state.answer = answer;
          box.removeAttribute("aria-busy");
          status.textContent = "";
          drawn(answer, remember);
          if (remember) { written(); }
        })
        .catch(function (error) {
          if (number_ !== state.asked) { return; }
          box.removeAttribute("aria-busy");
          status.textContent = words.failed;
          window.console.warn("The series could not be shown", error);
        });
    }

    // the address says what is shown, so that it can be sent to somebody
    function written() {
      var asked = new URLSearchParams();
      state.chosen.forEach(function (id) { asked.append("stream", id); });
      asked.append("from", new Date(state.from).toISOString());
      asked.append("to", new Date(state.to).toISOString());
      if (box.hasAttribute("data-series-address")) { window.history.replaceState(null, "", "?" + asked + window.location.hash); }
    }

    function drawn(answer, changed) {
      var streams = answer.streams.filter(function (one) { return known[one.id]; });
      chart(streams, answer.every);
      summary(streams, answer.every);
      table(streams, answer.every);
      links(answer.every);
      fields(changed);
    }

    // ---- the drawing

    function colour(id) { return COLOURS[state.chosen.indexOf(id) % COLOURS.length]; }
    function dash(id) { return DASHES[state.chosen.indexOf(id) % DASHES.length]; }
    function faded(hex) { return hex + "33"; }

    function chart(streams, every) {
      var numbers = streams.filter(function (one) { return known[one.id].kind !== "category"; });
      var units = [];
      numbers.forEach(function (one) { var unit = known[one.id].unit; if (units.indexOf(unit) < 0) { units.push(unit); } });
      var note = box.querySelector("[data-series-note]");
      note.textContent = units.length > 2 ? words.units : "";
      note.hidden = units.length <= 2;
      units = units.slice(0, 2);
      numbers = numbers.filter(function (one) { return units.indexOf(known[one.id].unit) >= 0; });
      if (!canvas || !window.uPlot) { return; }
      var series = [{}];
      var bands = [];
      var joined = [];
      var reach = units.map(function () { return [Infinity, -Infinity]; });
      numbers.forEach(function (one) {
        var own = known[one.id];
        var scale = "y" + units.indexOf(own.unit);
        var extent = reach[units.indexOf(own.unit)];
        var odd = marked(one, every);
        var low = one.aggregate === "mean" ? one.least : null;
        var high = one.aggregate === "mean" ? one.most : null;
        var unmarked = every !== "raw" || odd.every(Boolean);
        [low, high, one.values].forEach(function (column) {
          (column || []).forEach(function (value, place) {
            if (typeof value !== "number" || (odd[place] && !unmarked)) { return; }
            extent[0] = Math.min(extent[0], value);
            extent[1] = Math.max(extent[1], value);
          });
        });
        var parts = [one.values];
        series.push({ label: own.title, scale: scale, stroke: colour(one.id), dash: dash(one.id), width: one.times.length > canvas.clientWidth ? 1 : 2, points: { show: alone(one.values) ? true : undefined, size: 5 } });
        if (low && high) {
          parts.push(high, low);
          var at = series.length;
          var hidden = { scale: scale, stroke: "transparent", width: 0, points: { show: false } };
          series.push(Object.assign({ label: own.title + " " + words.most }, hidden), Object.assign({ label: own.title + " " + words.least }, hidden));
          bands.push({ series: [at, at + 1], fill: faded(colour(one.id)) });
        }
        if (odd.some(Boolean)) {
          parts.push(one.values.map(function (value, place) { return odd[place] && typeof value === "number" ? value : undefined; }));
          series.push({
            label: own.title + " " + words.odd, scale: scale, stroke: "#a4262c", paths: function () { return null; },
            points: { show: true, size: 9, width: 2, stroke: "#a4262c", fill: "#fff" }, clamp: units.indexOf(own.unit)
          });
        }
        joined.push([one.times].concat(parts));
      });
      reach = reach.map(function (extent) {
        if (extent[0] > extent[1]) { return [0, 1]; }
        var room = (extent[1] - extent[0]) * 0.06 || Math.abs(extent[1]) * 0.06 || 1;
        return [extent[0] - (extent[0] >= 0 && extent[0] < room ? extent[0] : room), extent[1] + room];
      });
      var data = joined.length ? window.uPlot.join(joined) : [[]];
      // a marked value far from all others is drawn at the edge: it must not flatten what is right
      series.forEach(function (one, place) {
        if (one.clamp === undefined) { return; }
        var edge = reach[one.clamp];
        data[place] = data[place].map(function (value) { return typeof value === "number" ? Math.min(Math.max(value, edge[0]), edge[1]) : value; });
        delete one.clamp;
      });
      var scales = { x: { time: true, range: function () { return [state.from, state.to]; } } };
      units.forEach(function (unit, place) { scales["y" + place] = { range: function () { return reach[place]; } }; });
      var axes = [{ stroke: "#33424d", grid: { stroke: "#e2e8eb", width: 1 }, ticks: { stroke: "#c9d3d8", width: 1 }, font: "13px system-ui, sans-serif", values: ticks, space: 70 }];
      units.forEach(function (unit, place) {
        axes.push({
          scale: "y" + place, side: place ? 1 : 3, stroke: "#33424d", label: unit, labelSize: unit ? 22 : 0, labelFont: "600 13px system-ui, sans-serif", font: "13px system-ui, sans-serif",
          grid: { show: !place, stroke: "#e2e8eb", width: 1 }, ticks: { stroke: "#c9d3d8", width: 1 },
          size: function (_plot, values) { return 16 + 8 * Math.max.apply(null, [2].concat((values || []).map(function (value) { return value.length; }))); },
          values: function (_plot, splits) { return splits.map(function (value) { return number(value); }); }
        });
      });
      if (plot) { plot.destroy(); }
      canvas.textContent = "";
      plot = new window.uPlot({
        width: canvas.clientWidth || 300, height: HEIGHT, ms: 1, series: series, bands: bands, scales: scales, axes: axes, legend: { show: false },
        tzDate: function (time) { return window.uPlot.tzDate(new Date(time), told.zone); },
        cursor: { drag: { x: true, y: false, setScale: false }, points: { show: false } },
        hooks: { setSelect: [function (own) {
          selected(own);
        }], setCursor: [pointed] }
      }, data, canvas);
      touched(plot);
      box.tzcPlot = plot;
      legend(streams, numbers);
      canvas.setAttribute("aria-label", filled(words.label, {
        names: streams.map(function (one) { return known[one.id].title; }).join(", "), first: moment(state.from, "1h"), last: moment(state.to, "1h")
      }));
    }

    // what was dragged over is shown
    function selected(own) {
      if (own.select.width < 8) { return; }
      var from = own.posToVal(own.select.left, "x");
      var to = own.posToVal(own.select.left + own.select.width, "x");
      own.setSelect({ left: 0, width: 0, top: 0, height: 0 }, false);
      show(from, to);
    }

    // a finger that moves sideways drags as the mouse does; one that moves up or down scrolls the page, and the browser then takes it away from us (touch-action)
    function touched(own) {
      var over = own.over;
      var finger = null;
      var begun = 0;
      function place(event) { return Math.min(Math.max(event.clientX - over.getBoundingClientRect().left, 0), over.clientWidth); }
      function drawnOver(left, width) { own.setSelect({ left: left, width: width, top: 0, height: width ? over.clientHeight : 0 }, false); }
      over.addEventListener("pointerdown", function (event) {
        if (event.pointerType !== "touch") { return; }
        // a second finger pinches: that is the browser's
        finger = finger === null && event.isPrimary ? event.pointerId : null;
        begun = place(event);
        drawnOver(0, 0);
      });
      over.addEventListener("pointermove", function (event) {
        if (event.pointerId !== finger) { return; }
        var at = place(event);
        drawnOver(Math.min(begun, at), Math.abs(at - begun));
        own.setCursor({ left: at, top: over.clientHeight / 2 });
      });
      over.addEventListener("pointerup", function (event) {
        if (event.pointerId !== finger) { return; }
        finger = null;
        selected(own);
      });
      over.addEventListener("pointercancel", function (event) {
        if (event.pointerId !== finger) { return; }
        finger = null;
        drawnOver(0, 0);
      });
    }

    // which values are marked: as implausible and so on, or because not all that was observed is in them
    function marked(one, every) {
      return one.values.map(function (value, place) { return typeof value === "number" && (every === "raw" ? (one.flags[place] & told.odd) > 0 : one.left_out[place] > 0); });
    }

    // a line needs two values beside each other: where none are, points are drawn
    function alone(values) {
      return values.length < 3 || !values.some(function (value, place) { return place && typeof value === "number" && typeof values[place - 1] === "number"; });
    }

    function ticks(_plot, splits, _axis, _space, step) {
      return splits.map(function (time, place) {
        var date = new Date(time);
        if (step >= 365 * DAY) { return forms.year.format(date); }
        if (step >= 28 * DAY) { return forms.shortMonth.format(date); }
        if (step >= DAY) { return forms.shortDay.format(date); }
        var clock = (step < 60 * 1000 ? forms.clockSecond : forms.clock).format(date);
        var day = forms.shortDay.format(date);
        return !place || day !== forms.shortDay.format(new Date(splits[place - 1])) ? clock + "\n" + day : clock;
      });
    }

    function pointed(own) {
      var line = box.querySelector("[data-series-pointed]");
      var at = own.cursor.idx;
      if (at === null || at === undefined || !state.answer) { line.textContent = ""; return; }
      var time = own.data[0][at];
      var parts = state.answer.streams.filter(function (one) { return known[one.id]; }).map(function (one) {
        var place = one.times.indexOf(time);
        var value = place < 0 ? null : one.values[place];
        return value === null || value === undefined ? "" : known[one.id].title + " " + number(value, known[one.id].unit);
      }).filter(Boolean);
      line.textContent = moment(time, state.answer.every) + (parts.length ? " – " + parts.join(" · ") : " – " + words.gap);
    }

    function legend(streams, numbers) {
      var list = box.querySelector("[data-series-legend]");
      list.textContent = "";
      var odd = false;
      numbers.forEach(function (one) {
        var item = element("li");
        var swatch = document.createElementNS("http://www.w3.org/2000/svg", "svg");
        swatch.setAttribute("class", "tzc-series-swatch");
        swatch.setAttribute("viewBox", "0 0 32 10");
        swatch.setAttribute("aria-hidden", "true");
        var line = document.createElementNS("http://www.w3.org/2000/svg", "line");
        [["x1", 0], ["y1", 5], ["x2", 32], ["y2", 5], ["stroke", colour(one.id)], ["stroke-width", 3], ["stroke-dasharray", dash(one.id).join(" ")]].forEach(function (pair) { line.setAttribute(pair[0], pair[1]); });
        swatch.appendChild(line);
        item.appendChild(swatch);
        item.appendChild(document.createTextNode(" " + known[one.id].title + (known[one.id].unit ? " (" + known[one.id].unit + ")" : "")));
        list.appendChild(item);
        odd = odd || marked(one, state.answer.every).some(Boolean);
      });
      if (odd) { list.appendChild(element("li", "○ " + words.odd, { "class": "tzc-series-odd" })); }
    }

    // ---- the same in words and rows

    function extremes(one) {
      var found = { least: null, most: null };
      var raw = one.aggregate === undefined;
      [["least", -1], ["most", 1]].forEach(function (pair) {
        var column = one.aggregate === "mean" ? one[pair[0]] : one.values;
        column.forEach(function (value, place) {
          if (typeof value !== "number" || (raw && one.flags[place] & told.left_out)) { return; }
          var best = found[pair[0]];
          if (best === null || pair[1] * (value - best[0]) > 0) { found[pair[0]] = [value, one.times[place]]; }
        });
      });
      return found;
    }

    function summary(streams, every) {
      var list = box.querySelector("[data-series-summary]");
      list.textContent = "";
      streams.forEach(function (one) {
        var own = known[one.id];
        var said = [];
        if (own.last === null) { said.push(words.never); } else {
          said.push(filled(words.last, { value: number(own.value, own.unit), moment: moment(own.last, "1h") }));
          if (own.late) { said.push(own.late); }
          var found = extremes(one);
          if (!one.values.some(function (value) { return value !== null; })) { said.push(words.none); }
          else if (found.least && own.kind !== "category") {
            said.push(filled(words.extremes, { least: number(found.least[0], own.unit), first: moment(found.least[1], every), most: number(found.most[0], own.unit), second: moment(found.most[1], every) }));
          }
        }
        var item = element("li");
        item.appendChild(element("strong", own.title));
        item.appendChild(document.createTextNode(" – " + said.join(" ")));
        list.appendChild(item);
      });
    }

    function named(flag) {
      return Object.keys(told.marks).filter(function (bit) { return flag & Number(bit); }).map(function (bit) { return told.marks[bit]; }).join(", ");
    }

    // least and most of what is summed are of single observations: they say nothing beside the sum
    function parts(one, every) {
      if (every === "raw") { return [["values", words.value]]; }
      var value = ["values", { sum: words.sum, last: words.last_value }[one.aggregate] || words.mean];
      return [value].concat(one.aggregate === "mean" ? [["least", words.least], ["most", words.most]] : [], [["counts", words.counts]]);
    }

    function table(streams, every) {
      var columns = [];
      var cells = new Map();
      streams.forEach(function (one) {
        var own = known[one.id];
        var lead = state.chosen.length > 1 ? own.title + " – " : "";
        parts(one, every).forEach(function (pair) {
          put(one.times, one[pair[0]].map(function (value) { return number(pair[0] === "counts" && !value ? null : value); }));
          columns.push({ words: lead + pair[1] + (own.unit && pair[0] !== "counts" ? " (" + own.unit + ")" : ""), number: own.kind !== "category" });
        });
        var marks = every === "raw" ? one.flags.map(named) : one.left_out.map(function (count) { return count ? filled(words.left_out, { number: count }) : ""; });
        if (marks.some(Boolean)) {
          put(one.times, marks);
          columns.push({ words: lead + words.marks, number: false });
        }
      });
      function put(times, texts) {
        times.forEach(function (time, place) {
          if (!cells.has(time)) { cells.set(time, []); }
          cells.get(time)[columns.length] = texts[place];
        });
      }
      var head = element("tr");
      head.appendChild(element("th", words.time, { scope: "col" }));
      columns.forEach(function (column) { head.appendChild(element("th", column.words, { scope: "col", "class": column.number ? "tzc-number" : "" })); });
      var body = element("tbody");
      Array.from(cells.keys()).sort(function (one, other) { return other - one; }).forEach(function (time) {
        var row = cells.get(time);
        var line = element("tr", null, { "data-time": time });
        line.appendChild(element("th", moment(time, every), { scope: "row" }));
        if (!row.some(Boolean)) { line.appendChild(element("td", words.gap, { colspan: columns.length, "class": "tzc-series-gap" })); }
        else { columns.forEach(function (column, place) { line.appendChild(element("td", row[place] || "", { "class": column.number ? "tzc-number" : "" })); }); }
        body.appendChild(line);
      });
      var own = box.querySelector("[data-series-table]");
      own.querySelector("caption").textContent = filled(words.caption, { first: moment(state.from, "1h"), last: moment(state.to, "1h"), every: told.every[every] || every });
      own.querySelector("thead").replaceChildren(head);
      own.querySelector("tbody").replaceWith(body);
      var left = box.querySelector("[data-series-left]");
      if (left) { left.hidden = true; }
    }

    function links(every) {
      box.querySelectorAll("[data-series-format]").forEach(function (link) {
        var asked = question(every);
        asked.append("format", link.dataset.seriesFormat);
        link.href = box.dataset.url + "?" + asked;
      });
    }

    // the days of the form's fields are those of the territory
    function fields(changed) {
      if (!form) { return; }
      days.elements.from.value = forms.iso.format(new Date(state.from));
      days.elements.to.value = forms.iso.format(new Date(state.to - 1));
      days.querySelectorAll("[name=stream]").forEach(function (field) { field.remove(); });
      state.chosen.forEach(function (id) { days.appendChild(element("input", null, { type: "hidden", name: "stream", value: id })); });
      form.querySelectorAll("[name=stream]").forEach(function (tick) { tick.checked = state.chosen.indexOf(Number(tick.value)) >= 0; });
      if (changed) { form.querySelectorAll("[name=period]").forEach(function (button) { button.removeAttribute("aria-pressed"); }); }
    }

    // ---- what people do

    function zoom(factor) {
      var middle = (state.from + state.to) / 2;
      var half = (state.to - state.from) / 2 * factor;
      show(middle - half, middle + half);
    }
    function move(part) {
      var step = (state.to - state.from) * part;
      show(state.from + step, state.to + step);
    }
    var ACTS = {
      closer: function () { zoom(0.5); }, farther: function () { zoom(2); }, earlier: function () { move(-0.5); }, later: function () { move(0.5); },
      whole: function () { show(begin.from, begin.to); }
    };
    var KEYS = { "+": "closer", "=": "closer", "-": "farther", ArrowLeft: "earlier", ArrowRight: "later", "0": "whole", Home: "whole" };

    box.querySelectorAll("[data-series-act]").forEach(function (button) {
      button.addEventListener("click", function () { ACTS[button.dataset.seriesAct](); });
    });
    if (canvas) {
      canvas.addEventListener("keydown", function (event) {
        if (event.ctrlKey || event.altKey || event.metaKey || !KEYS[event.key]) { return; }
        event.preventDefault();
        ACTS[KEYS[event.key]]();
      });
    }

    // a day of the territory begins at its midnight, whatever the reader's clock says
    function midnight(day) {
      var guess = Date.parse(day + "T00:00:00Z");
      var parts = new Intl.DateTimeFormat("en-GB", { timeZone: told.zone, hour12: false, year: "numeric", month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit" });
      for (var tries = 0; tries < 3; tries += 1) {
        var said = {};
        parts.formatToParts(new Date(guess)).forEach(function (part) { said[part.type] = part.value; });
        var shown = Date.UTC(said.year, said.month - 1, said.day, Number(said.hour) % 24, said.minute);
        guess += Date.parse(day + "T00:00:00Z") - shown;
      }
      return guess;
    }

    function extent() {
      var own = state.chosen.map(function (id) { return known[id]; }).filter(function (stream) { return stream.last !== null; });
      var last = Math.max.apply(null, own.map(function (stream) { return stream.last; }));
      var first = Math.min.apply(null, own.map(function (stream) { return stream.first; }));
      return own.length ? [first, last + 1000] : [state.from, state.to];
    }

    function ticked() {
      var ticks = Array.from(form.querySelectorAll("[name=stream]"));
      return ticks.length ? ticks.filter(function (tick) { return tick.checked; }).map(function (tick) { return Number(tick.value); }) : state.chosen;
    }

    function choose() {
      var chosen = ticked();
      if (!chosen.length || chosen.length > told.most) {
        status.textContent = chosen.length ? filled(words.many, { most: told.most }) : words.nothing;
        return false;
      }
      // who was there keeps its colour
      state.chosen = state.chosen.filter(function (id) { return chosen.indexOf(id) >= 0; }).concat(chosen.filter(function (id) { return state.chosen.indexOf(id) < 0; }));
      return true;
    }

    if (form) {
      form.addEventListener("change", function (event) {
        if (event.target.name === "stream" && choose()) { load(true); }
      });
      form.addEventListener("submit", function (event) {
        event.preventDefault();
        if (!choose()) { return; }
        var button = event.submitter || form.querySelector("[name=period]");
        var reach = extent();
        var count = parseInt(button.value, 10);
        begin = { from: count ? reach[1] - count * DAY : reach[0], to: reach[1] };
        show(begin.from, begin.to).then(function () { button.setAttribute("aria-pressed", "true"); });
      });
      days.addEventListener("submit", function (event) {
        event.preventDefault();
        var from = days.elements.from.value;
        var to = days.elements.to.value;
        if (!from || !to || from > to) { days.elements[from ? "to" : "from"].focus(); return; }
        begin = { from: midnight(from), to: midnight(forms.iso.format(new Date(midnight(to) + 26 * HOUR))) };
        show(begin.from, begin.to);
      });
    }
    if (canvas && window.ResizeObserver) {
      new window.ResizeObserver(function () {
        if (plot && canvas.clientWidth && Math.abs(plot.width - canvas.clientWidth) > 1) { plot.setSize({ width: canvas.clientWidth, height: HEIGHT }); }
      }).observe(canvas);
    }
    box.querySelectorAll("[data-series-scripts]").forEach(function (part) { part.hidden = false; });
    load(false);
  }

  document.addEventListener("DOMContentLoaded", function () {
    document.querySelectorAll("[data-tzc-series]").forEach(start);
  });
})();
