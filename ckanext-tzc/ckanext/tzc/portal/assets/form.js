/* Help while a form is filled in. Every form works without. */
(function () {
  'use strict';

  // the address follows the title until somebody writes it by hand
  var title = document.querySelector('[data-slug-source]');
  var slug = document.querySelector('[data-slug]');
  if (title && slug && !slug.value) {
    var own = false;
    slug.addEventListener('input', function () { own = slug.value !== ''; });
    title.addEventListener('input', function () {
      if (own) { return; }
      slug.value = title.value.normalize('NFD').replace(/[\u0300-\u036f]/g, '').toLowerCase()
        .replace(/œ/g, 'oe').replace(/æ/g, 'ae').replace(/ß/g, 'ss').replace(/[^a-z0-9]+/g, '-').replace(/^-+|-+$/g, '').slice(0, 90).replace(/-+$/, '');
    });
  }

  // one more line or group, from the empty one that the page holds
  document.querySelectorAll('[data-add]').forEach(function (button) {
    var template = document.getElementById(button.dataset.add);
    var list = document.getElementById(button.dataset.into);
    button.hidden = false;
    button.addEventListener('click', function () {
      var next = list.children.length;
      var holder = document.createElement(list.tagName);
      holder.innerHTML = template.innerHTML.replace(/REPEATING-INDEX0/g, next).replace(/REPEATING-INDEX1/g, next + 1);
      var made = holder.firstElementChild;
      list.appendChild(made);
      var first = made.querySelector('input, select, textarea');
      if (first) { first.focus(); }
    });
  });

  // a file dropped anywhere on its box; one that is too large is told of before it travels, and a file beside an address too
  document.querySelectorAll('[data-drop]').forEach(function (box) {
    var input = box.querySelector('input[type=file]');
    ['dragenter', 'dragover'].forEach(function (name) {
      box.addEventListener(name, function (event) { event.preventDefault(); box.classList.add('is-over'); });
    });
    ['dragleave', 'drop'].forEach(function (name) {
      box.addEventListener(name, function () { box.classList.remove('is-over'); });
    });
    box.addEventListener('drop', function (event) {
      event.preventDefault();
      if (event.dataTransfer.files.length) { input.files = event.dataTransfer.files; input.dispatchEvent(new Event('change', { bubbles: true })); }
    });
    var address = box.querySelector('input[type=text][name=url]');
    var form = box.closest('form');
    function isTooLarge() { return input.files.length > 0 && input.files[0].size > Number(box.dataset.most); }
    function tell() {
      box.querySelector('[data-too-large]').hidden = !isTooLarge();
      box.querySelector('[data-both]').hidden = !(input.files.length && address && address.value);
    }
    input.addEventListener('change', tell);
    if (address) { address.addEventListener('input', tell); }
    form.addEventListener('submit', function (event) {
      if (isTooLarge()) { event.preventDefault(); tell(); input.focus(); }
    });
    // a name that nobody typed follows the file, also in a form that came back with a mistake
    var name = document.getElementById('field-name');
    function nameOf(file) { return file.replace(/\.[^.]+$/, '').replace(/[_-]+/g, ' '); }
    var followed = box.dataset.before ? nameOf(box.dataset.before) : '';
    function follow() {
      if (input.files.length && name && (!name.value || name.value === followed)) {
        name.value = followed = nameOf(input.files[0].name);
      }
    }
    input.addEventListener('change', follow);
    // a file that was chosen before this script was there
    tell();
    follow();
  });

  // links of the summary of mistakes, and links of other pages, open the folded part that they lead to
  function lead(field) {
    for (var part = field; part; part = part.parentElement) { if (part.tagName === 'DETAILS') { part.open = true; } }
    field.scrollIntoView({ block: 'center' });
    (field.matches('input, select, textarea') ? field : field.querySelector('input:not([type=hidden]), select, textarea') || field).focus();
  }
  document.querySelectorAll('.tzc-errors a').forEach(function (link) {
    link.addEventListener('click', function (event) {
      var field = document.getElementById(link.hash.slice(1));
      if (!field) { return; }
      event.preventDefault();
      lead(field);
    });
  });
  var wanted = /^#field-/.test(location.hash) && document.getElementById(decodeURIComponent(location.hash.slice(1)));
  // after the browser has gone to the address's end itself, which takes the focus away
  if (wanted) { window.addEventListener('load', function () { lead(wanted); }); }
  var summary = document.querySelector('.tzc-errors');
  if (summary) { summary.focus(); }
})();
