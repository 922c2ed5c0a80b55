// What the rules about pages find (`ruleid`) and leave alone (`ok`), on the line after the mark.
import DOMPurify from "dompurify";
import Handlebars from "handlebars";

function answer(req, res, escapeHtml) {
  // ruleid: js-request-data-to-page
  res.send("<h1>" + req.query.name + "</h1>");
  // ruleid: js-request-data-to-page
  res.send(req.query.name);
  const page = `<h1>${req.params.name}</h1>`;
  // ruleid: js-request-data-to-page
  res.end(page);
  // ok: js-request-data-to-page
  res.send("<h1>" + escapeHtml(req.query.name) + "</h1>");
  // ok: js-request-data-to-page
  res.send({ name: req.query.name });
  // ok: js-request-data-to-page
  res.json(req.query.name);
}

function address(element) {
  // ruleid: js-address-to-page, js-html-from-variable
  element.innerHTML = location.hash.slice(1);
  // ruleid: js-address-to-page, js-document-write
  document.write("<p>" + decodeURIComponent(window.location.search));
  // ok: js-address-to-page
  element.textContent = location.hash.slice(1);
  // ok: js-address-to-page
  element.innerHTML = DOMPurify.sanitize(location.hash);
}

function markup(element, text) {
  // ruleid: js-html-from-variable
  element.innerHTML = text;
  // ruleid: js-html-from-variable
  element.insertAdjacentHTML("beforeend", `<p>${text}</p>`);
  // ok: js-html-from-variable
  element.innerHTML = "";
  // ok: js-html-from-variable
  element.innerHTML = DOMPurify.sanitize(text);
  // ruleid: js-document-write
  document.write(text);
  // ok: js-document-write
  document.write("<p>");
  // ruleid: js-jquery-html
  $("#name").html(text);
  // ok: js-jquery-html
  $("#name").text(text);
  // ruleid: js-escaping-off
  Handlebars.compile(text, { noEscape: true });
  // ok: js-escaping-off
  Handlebars.compile(text);
}

function messages(frame, data) {
  // ruleid: js-message-to-anybody
  frame.postMessage(data, "*");
  // ok: js-message-to-anybody
  frame.postMessage(data, "https://example.com");
}

function listen(element) {
  window.addEventListener("message", (event) => {
    // ruleid: js-message-data-to-page, js-html-from-variable
    element.innerHTML = event.data;
    // ok: js-message-data-to-page
    element.textContent = event.data;
  });
}
