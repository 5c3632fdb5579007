import type { EditorNode } from "./red";

const accountType = "roboflow-video-account";

/** What these need of a node: all of our nodes that have an account, whatever else they have. */
type WithAccount = EditorNode<{ account: string; z?: string }>;

/** Gives a new node the only account there is. A pasted node, which stands in the flow already, stays as it is. */
export function takeOnlyAccount(node: WithAccount): void {
  const account = onlyAccount();
  if (account && !node.account && isFor(account, node) && !RED.nodes.node(node.id)) node.account = account.id;
}

/** Gives an account that was made just now, if it is the only one, to the nodes that were there before it. */
export function giveOnlyAccount(id: string): void {
  const account = onlyAccount();
  if (account?.id !== id) return;
  RED.nodes.eachNode((found) => {
    const node = found as unknown as WithAccount & { changed?: boolean; dirty?: boolean };
    if (!node.type.startsWith("roboflow-video-") || node.account !== "" || !isFor(account, node)) return;
    Object.assign(node, { account: id, changed: true, dirty: true });
    RED.nodes.updateConfigNodeUsers(node);
    RED.editor.validateNode(node);
  });
  RED.view.redraw();
}

interface Account {
  id: string;
  /** The tab or subflow that it belongs to; none where it is for all. */
  z?: string;
}

function onlyAccount(): Account | undefined {
  const accounts: Account[] = [];
  RED.nodes.eachConfig((node) => {
    if (node.type === accountType) accounts.push(node);
  });
  return accounts.length === 1 ? accounts[0] : undefined;
}

const isFor = ({ z }: Account, node: WithAccount): boolean => !z || z === node.z;
