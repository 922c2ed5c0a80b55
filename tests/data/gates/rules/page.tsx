// The rules about pages in React. What they find (`ruleid`) and leave alone (`ok`), on the line after the mark.
import DOMPurify from "dompurify";
import * as React from "react";

type Props = { text: string };

export function Note({ text }: Props): React.ReactElement {
  // ruleid: js-dangerously-set-html
  return <p dangerouslySetInnerHTML={{ __html: text }} />;
}

export function Clean({ text }: Props): React.ReactElement {
  // ok: js-dangerously-set-html
  return <p dangerouslySetInnerHTML={{ __html: DOMPurify.sanitize(text) }} />;
}

export function Plain({ text }: Props): React.ReactElement {
  // ok: js-dangerously-set-html
  return <p>{text}</p>;
}
