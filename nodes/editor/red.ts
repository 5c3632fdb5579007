/**
 * The part of Node-RED's editor that these nodes use. Declared here, and not taken from @types/node-red__editor-client:
 * those types follow an older editor and pull in packages of which nothing else here has need.
 */

/** A node as the editor holds it: its properties, as saved in the flow, and what the editor adds. */
export type EditorNode<Options> = Options & {
  id: string;
  type: string;
  /** Of a `password` only `has_<name>` is known, until the user types a new one. */
  credentials?: Record<string, unknown>;
};

export interface ValidationOptions {
  label?: string;
}

/** Two parameters, always: Node-RED takes a text as "wrong, because" only from a validator of length 2. */
export type Validator<Options> = (
  this: EditorNode<Options>,
  value: unknown,
  options: ValidationOptions | undefined,
) => true | string;

interface PropertyDefinition<Options, Value> {
  value: Value;
  /** Type of the config node which the property names. */
  type?: string;
  required?: boolean;
  label?: string;
  validate?: Validator<Options>;
}

type PortLabels<Options> = string | string[] | ((this: EditorNode<Options>, index: number) => string);

export interface NodeDefinition<Options> {
  category: string;
  color?: string;
  icon?: string;
  inputs?: number;
  outputs?: number;
  defaults: { [Name in keyof Options]-?: PropertyDefinition<Options, Options[Name]> };
  credentials?: Record<string, { type: "password" | "text" }>;
  label(this: EditorNode<Options>): string;
  labelStyle?(this: EditorNode<Options>): string;
  paletteLabel?: string;
  inputLabels?: PortLabels<Options>;
  outputLabels?: PortLabels<Options>;
  /** A node has just been made with its defaults, or pasted. */
  onadd?(this: EditorNode<Options>): void;
  oneditprepare?(this: EditorNode<Options>): void;
  oneditresize?(this: EditorNode<Options>): void;
  oneditsave?(this: EditorNode<Options>): void;
}

interface TypedInputOptions {
  types: string[];
  default: string;
  typeField: string;
}

interface EditableListOptions<Item> {
  addButton?: boolean | string;
  addItem(row: JQuery, index: number, item: Item): void;
  buttons?: { label: string; icon?: string; title?: string; click(): void }[];
  height?: "auto" | number;
  removable?: boolean;
  removeItem?(item: Item): void;
  sortable?: boolean;
  sortItems?(items: JQuery): void;
}

interface RedEditor {
  /** Looks a text up; never to be given values, see {@link wordsOf}. */
  _(key: string): string;
  i18n: { lang(): string };
  nodes: {
    registerType<Options>(type: string, definition: NodeDefinition<Options>): void;
    eachConfig(visit: (node: EditorNode<{ z?: string }>) => void): void;
    eachNode(visit: (node: EditorNode<object>) => void): void;
    updateConfigNodeUsers(node: EditorNode<object>): void;
    node(id: string): (EditorNode<Record<string, unknown>> & { baseUrl?: unknown }) | null;
  };
  popover: { tooltip(target: JQuery, content: string): unknown };
  editor: { validateNode(node: EditorNode<object>): boolean };
  view: { redraw(): void };
  utils: {
    validateTypedProperty(value: unknown, type: string, options?: ValidationOptions): true | string;
  };
}

declare global {
  const RED: RedEditor;

  interface JQuery {
    typedInput(options: TypedInputOptions): this;
    typedInput(method: "type" | "value"): string;
    editableList<Item>(options: EditableListOptions<Item>): this;
    editableList(method: "addItem", item: object): this;
    editableList(method: "items"): JQuery;
    editableList(method: "empty"): this;
  }
}
