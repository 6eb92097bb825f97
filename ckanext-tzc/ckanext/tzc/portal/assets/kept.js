/* What is typed into a long form is kept in this tab until it is saved: half-filled forms survive a wrong click. Never passwords, files or hidden fields. */
(function () {
  'use strict';
  var store;
  try { store = window.sessionStorage; store.getItem('tzc'); } catch (refused) { return; }

  var marker = document.getElementById('tzc-kept');
  var form = marker && marker.closest('form');
  if (!form) { return; }
  // a form that comes back with mistakes holds what was sent, which is newer than what is kept
  var isBack = form.querySelector('.tzc-errors, .is-bad') !== null;
  var key = 'tzc-form ' + marker.dataset.person + ' ' + location.pathname;
  var first = isBack ? null : values();

  function fields() {
    return Array.prototype.filter.call(form.elements, function (field) {
      return field.name && !/^(hidden|password|file|submit|button)$/.test(field.type) && field.tagName !== 'BUTTON' && field.tagName !== 'FIELDSET' && !/passw|token|secret/i.test(field.name);
    });
  }

  function values() {
    var found = {};
    fields().forEach(function (field) {
      var list = found[field.name] = found[field.name] || [];
      if (field.type === 'checkbox' || field.type === 'radio') { if (field.checked) { list.push(field.value); } } else { list.push(field.value); }
    });
    return found;
  }

  function same(a, b) { return JSON.stringify(a) === JSON.stringify(b); }

  function fill(kept) {
    // lines and groups that were added
    Object.keys(kept).forEach(function (name) {
      var group = /^(.+)-(\d+)-\w+$/.exec(name);
      var button = group && form.querySelector('[data-add="field-' + group[1] + '-more"]');
      for (var tries = 0; button && !form.elements[name] && tries < 50; tries += 1) { button.click(); }
      var more = form.querySelector('[data-add="field-' + name + '-more"]');
      for (tries = 0; more && form.querySelectorAll('[name="' + name + '"]').length < kept[name].length && tries < 50; tries += 1) { more.click(); }
    });
    var taken = {};
    fields().forEach(function (field) {
      var list = kept[field.name];
      if (!list) { return; }
      if (field.type === 'checkbox' || field.type === 'radio') {
        field.checked = list.indexOf(field.value) >= 0;
      } else {
        var number = taken[field.name] = taken[field.name] === undefined ? 0 : taken[field.name] + 1;
        if (list[number] !== undefined) { field.value = list[number]; }
      }
      var part = field.closest('details');
      if (part && !same(list, first[field.name])) { part.open = true; }
    });
  }

  var kept = null;
  try { kept = JSON.parse(store.getItem(key) || 'null'); } catch (broken) { store.removeItem(key); }
  if (kept && !isBack && !same(kept.values, first)) {
    // what somebody else saved meanwhile is told of when this is saved: the marks are those of the form as it was opened
    var opened = form.querySelector('input[name=opened]');
    fill(kept.values);
    if (opened && kept.opened) { opened.value = kept.opened; }
    var notice = marker.content.firstElementChild.cloneNode(true);
    form.insertBefore(notice, form.firstChild);
    notice.querySelector('button').addEventListener('click', function () {
      store.removeItem(key);
      form.removeEventListener('input', keep);
      form.removeEventListener('change', keep);
      // by its address, so that the browser does not fill the fields in again
      location.replace(location.pathname + location.search);
    });
  }

  var openedWith = (form.querySelector('input[name=opened]') || {}).value || '';
  function keep() {
    var now = values();
    try {
      if (same(now, first)) { store.removeItem(key); } else { store.setItem(key, JSON.stringify({ values: now, opened: openedWith })); }
    } catch (full) { /* the text is longer than the browser keeps: nothing is promised then */ }
  }
  form.addEventListener('input', keep);
  form.addEventListener('change', keep);
  form.addEventListener('submit', function (event) {
    if (!event.defaultPrevented) { keep(); store.setItem('tzc-sent', key); }
  });
})();
