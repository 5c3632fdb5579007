import { shorten } from "../roboflow/shorten";

export interface Choice {
  /** Choices of the same group that follow each other stand under one heading. */
  group: string;
  title: string;
  detail: string;
  /** Further words by which the choice is found. */
  keywords: string;
}

interface ComboboxOptions<T extends Choice> {
  choices(): T[];
  picked(choice: T): void;
  /** Accessible name of the list. */
  label: string;
}

let lists = 0;

/** Characters of a text that is shown in a list: names are a server's. */
const longest = 200;

/**
 * Lets a text field offer choices while one types, by mouse and by keyboard (arrows, Enter, Escape). The field stays
 * free: what is typed counts, whether it is on the list or not. The list stands in `place`, inside the dialog.
 *
 * @returns opens the list.
 */
export function combobox<T extends Choice>(
  field: JQuery,
  place: JQuery,
  options: ComboboxOptions<T>,
): () => void {
  const id = `roboflow-video-choices-${++lists}`;
  const list = $("<div>", {
    id,
    class: "roboflow-video-choices",
    role: "listbox",
    "aria-label": options.label,
  })
    .hide()
    .appendTo(place);
  let shown: T[] = [];
  let active = -1;

  field.attr({
    role: "combobox",
    autocomplete: "off",
    "aria-autocomplete": "list",
    "aria-expanded": "false",
    "aria-controls": id,
  });
  field.on("click", () => open(""));
  field.on("input", () => open(String(field.val())));
  field.on("blur", close);
  field.on("keydown", (event) => {
    const isOpen = list.is(":visible");
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      if (isOpen) activate(active + (event.key === "ArrowDown" ? 1 : -1));
      else open("");
    } else if (event.key === "Enter" && isOpen) {
      event.preventDefault();
      const choice = shown[active];
      if (choice) pick(choice);
      else close();
    } else if (event.key === "Escape" && isOpen) {
      event.preventDefault();
      event.stopPropagation();
      close();
    }
  });

  return () => open("");

  function open(typed: string): void {
    const words = typed.toLowerCase().split(/\s+/).filter(Boolean);
    shown = options.choices().filter((choice) => {
      const text = `${choice.group} ${choice.title} ${choice.detail} ${choice.keywords}`.toLowerCase();
      return words.every((word) => text.includes(word));
    });
    active = -1;
    if (shown.length === 0) {
      close();
      return;
    }
    list.empty();
    let group: string | undefined;
    for (const [index, choice] of shown.entries()) {
      if (choice.group !== group) {
        group = choice.group;
        $("<div>", { class: "roboflow-video-choice-group", role: "presentation" })
          .text(shorten(group, longest))
          .appendTo(list);
      }
      $("<div>", {
        id: `${id}-${index}`,
        class: "roboflow-video-choice",
        role: "option",
        "aria-selected": "false",
      })
        .append(
          $("<span>").text(shorten(choice.title, longest)),
          $("<small>").text(shorten(choice.detail, longest)),
        )
        // Before the field loses the focus, and with it the list.
        .on("mousedown", (event) => {
          event.preventDefault();
          pick(choice);
        })
        .appendTo(list);
    }
    list.show();
    field.attr("aria-expanded", "true").removeAttr("aria-activedescendant");
    list[0]?.scrollIntoView({ block: "nearest" });
  }

  function activate(index: number): void {
    active = (index + shown.length) % shown.length;
    list.find("[role=option]").attr("aria-selected", "false");
    const option = $(`#${id}-${active}`).attr("aria-selected", "true");
    option[0]?.scrollIntoView({ block: "nearest" });
    field.attr("aria-activedescendant", `${id}-${active}`);
  }

  function pick(choice: T): void {
    close();
    options.picked(choice);
  }

  function close(): void {
    list.hide();
    field.attr("aria-expanded", "false").removeAttr("aria-activedescendant");
  }
}
