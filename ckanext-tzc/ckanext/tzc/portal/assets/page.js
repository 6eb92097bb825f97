/* What every page may use; each piece does without when scripts do not run. */
(function () {
  'use strict';

  // filters are a column on a desk, and the account's links a row; browsers that cannot show a closed <details> by CSS are told so here
  document.querySelectorAll('details[data-open-wide]').forEach(function (drawer) {
    if (window.matchMedia('(min-width: ' + drawer.dataset.openWide + ')').matches) { drawer.open = true; }
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

  // what `kept.js` keeps of a form is thrown away when the form was taken, and when somebody signs out
  try {
    var sent = sessionStorage.getItem('tzc-sent');
    if (sent && !document.querySelector('[data-lost-session]')) {
      sessionStorage.removeItem('tzc-sent');
      if (!document.querySelector('.tzc-error-page, .tzc-errors, .is-bad')) { sessionStorage.removeItem(sent); }
    }
    document.querySelectorAll('form[action*="/user/logout"], form[action*="/user/_logout"]').forEach(function (form) {
      form.addEventListener('submit', function () {
        Object.keys(sessionStorage).forEach(function (key) { if (key.indexOf('tzc-form ') === 0) { sessionStorage.removeItem(key); } });
      });
    });
  } catch (refused) { /* a browser that keeps nothing */ }
})();
