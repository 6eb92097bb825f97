// A run that is under way: its page asks now and then how it goes, and shows it, until it ends or waits for somebody. Without scripts, or where nobody answers, a link loads the page again.
(function () {
  "use strict";
  var LEAST = 2000;
  var MOST = 15000;
  var GIVEN_UP = 10;
  // who has the page read to them is told of counts less often than they move
  var SPOKEN = 15000;

  function watch(box) {
    var badge = box.querySelector(".tzc-badge");
    var counts = box.querySelector(".tzc-count");
    var said = box.querySelector("[aria-live]");
    var reload = box.querySelector("[data-tzc-progress-reload]");
    var pause = LEAST;
    var failures = 0;
    var spoken = Date.now();
    var tone = box.dataset.tone;

    function later() { window.setTimeout(ask, pause); }

    function speak(words, now) {
      if (!now && Date.now() - spoken < SPOKEN) { return; }
      spoken = Date.now();
      said.textContent = words;
    }

    function show(told) {
      var numbers = told.counts.join(" · ");
      var moved = badge.textContent !== told.words || counts.textContent !== numbers;
      failures = 0;
      pause = moved ? LEAST : Math.min(pause * 1.5, MOST);
      badge.textContent = told.words;
      counts.textContent = numbers;
      badge.classList.remove("tzc-tone-" + tone);
      badge.classList.add("tzc-tone-" + told.tone);
      tone = told.tone;
      if (moved) { speak(told.words + " " + numbers, told.rests); }
      if (told.rests) { box.querySelector("[data-tzc-progress-over]").hidden = false; } else { later(); }
    }

    function ask() {
      if (document.hidden) { later(); return; }
      fetch(box.dataset.tzcProgress, { credentials: "same-origin", headers: { Accept: "application/json" } })
        .then(function (answer) { if (!answer.ok) { throw new Error(String(answer.status)); } return answer.json(); })
        .then(show)
        .catch(function () {
          failures += 1;
          pause = Math.min(pause * 2, MOST);
          if (failures < GIVEN_UP) { later(); } else { reload.hidden = false; }
        });
    }

    reload.hidden = true;
    later();
  }

  document.addEventListener("DOMContentLoaded", function () {
    document.querySelectorAll("[data-tzc-progress]").forEach(watch);
  });
})();
