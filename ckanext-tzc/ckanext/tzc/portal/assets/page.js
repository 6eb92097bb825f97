/* What every page may use; each piece does without when scripts do not run. */
(function () {
  'use strict';

  // filters are a column on a desk; browsers that cannot show a closed <details> by CSS are told so here
  var wide = window.matchMedia('(min-width: 56rem)');
  document.querySelectorAll('details[data-open-wide]').forEach(function (drawer) {
    if (wide.matches) { drawer.open = true; }
  });

  document.querySelectorAll('button[data-copy]').forEach(function (button) {
    if (!navigator.clipboard) { return; }
    button.hidden = false;
    var words = button.textContent;
    button.addEventListener('click', function () {
      navigator.clipboard.writeText(document.getElementById(button.dataset.copy).textContent).then(function () {
        button.textContent = button.dataset.done;
        setTimeout(function () { button.textContent = words; }, 2000);
      });
    });
  });
})();
