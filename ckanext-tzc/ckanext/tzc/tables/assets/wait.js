// A table that is being loaded: ask now and then, and show the page again when it is there.
(function () {
  "use strict";
  function watch(box) {
    var tries = 0;
    function ask() {
      tries += 1;
      if (tries > 200 || document.hidden) { later(); return; }
      fetch(box.dataset.tzcTableWait, { headers: { Accept: "application/json" } })
        .then(function (answer) { return answer.ok ? answer.json() : null; })
        .then(function (told) {
          var state = told && told.result && told.result.state;
          if (state && state !== "waiting" && state !== "loading") { window.location.reload(); } else { later(); }
        })
        .catch(later);
    }
    function later() { if (tries <= 200) { window.setTimeout(ask, Math.min(2000 + tries * 250, 15000)); } }
    later();
  }
  document.addEventListener("DOMContentLoaded", function () {
    document.querySelectorAll("[data-tzc-table-wait]").forEach(watch);
  });
})();
