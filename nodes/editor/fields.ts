import type { EditorNode } from "./red";

/** Fields of a flow that was saved before a property existed show its default. To be called before anything reads the fields. */
export function fillMissing<Options extends object>(
  node: EditorNode<Options>,
  defaults: Options,
  prefix = "node-input",
): void {
  for (const [name, value] of Object.entries(defaults)) {
    if (node[name as keyof Options] !== undefined) continue;
    const field = $(`#${prefix}-${name}`);
    if (typeof value === "boolean") field.prop("checked", value);
    else if (!field.is("select")) field.val(value);
    else if (
      field
        .find("option")
        .toArray()
        .some((option) => (option as HTMLOptionElement).value === value)
    )
      field.val(value);
  }
}

/** Makes a typedInput of `#node-input-<name>`, its type kept in the hidden field `<name>Type`. */
export function typedField(name: string, types: string[]): void {
  const field = $(`#node-input-${name}`);
  field.typedInput({ types, default: types[0] ?? "msg", typeField: `#node-input-${name}Type` });
  // The widget hides the labelled input and shows one of its own, which no label points to.
  const label = $(`label[for="node-input-${name}"]`).attr("id", `node-input-${name}-label`);
  const shown = field.next(".red-ui-typedInput-container").find("input.red-ui-typedInput-input, button");
  shown.attr("aria-labelledby", label.attr("id") ?? null);
}

export const messageTypes = ["msg", "flow", "global", "str", "env", "jsonata"];
export const numberTypes = ["num", "msg", "flow", "global", "str", "env", "jsonata"];

/** Id of the account chosen in an open dialog, or empty. */
export function chosenAccount(): string {
  const id = String($("#node-input-account").val() ?? "");
  return RED.nodes.node(id) ? id : "";
}

/** An account as it was left in its dialog, with the key if one was typed and not deployed since. */
export function accountAsEdited(id: string) {
  const account = RED.nodes.node(id);
  const text = (value: unknown) => (typeof value === "string" ? value.trim() : "");
  return {
    baseUrl: text(account?.baseUrl),
    apiKey: text(account?.credentials?.apiKey),
    tls: text(account?.tls),
    proxy: text(account?.proxy),
  };
}

/**
 * Calls what puts the cursor where a dialog begins, as soon as Node-RED has put it beside the form: onto the first of the
 * tabs above it.
 */
export function whenOpened(nameField: string, focus: () => void): void {
  $(nameField)
    .closest(".red-ui-tray")
    .one("focusin", ({ target }) => {
      const isInForm = $(target).closest(".roboflow-video").length > 0;
      if (!isInForm) setTimeout(focus);
    });
}

/** Keeps a dialog as wide as what is seen of it: Node-RED never makes the form narrower than it was at first, and would cut it off. */
export function fitWidth(nameField: string): void {
  const dialog = $(nameField).closest(".roboflow-video");
  const tray = dialog.closest(".red-ui-tray");
  const left = (dialog.offset()?.left ?? 0) - (tray.offset()?.left ?? 0);
  const room = (tray.width() ?? 0) - left - rightMargin;
  if (room > 0) dialog.css({ width: room, minWidth: 0 });
}

const rightMargin = 21;
