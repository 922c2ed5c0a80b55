// The rules about pages in React. What they find (`ruleid`) and leave alone (`ok`), on the line after the mark.
import React from "react";

export function Note({ text }) {
  // ruleid: js-dangerously-set-html
  return <div className="note" dangerouslySetInnerHTML={{ __html: text }}></div>;
}

export function Fixed() {
  // ok: js-dangerously-set-html
  return <div dangerouslySetInnerHTML={{ __html: "<b>fixed</b>" }} />;
}
