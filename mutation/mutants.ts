import ts from "typescript";

/** One small change of a source file, such as a person makes by mistake. */
export interface Mutant {
  /** From 1. */
  line: number;
  /** What stood there and what stands there now. */
  change: string;
  /** The whole file with the change in it. */
  text: string;
}

const swapped: Partial<Record<ts.SyntaxKind, string>> = {
  [ts.SyntaxKind.LessThanToken]: "<=",
  [ts.SyntaxKind.LessThanEqualsToken]: "<",
  [ts.SyntaxKind.GreaterThanToken]: ">=",
  [ts.SyntaxKind.GreaterThanEqualsToken]: ">",
  [ts.SyntaxKind.EqualsEqualsEqualsToken]: "!==",
  [ts.SyntaxKind.ExclamationEqualsEqualsToken]: "===",
  [ts.SyntaxKind.PlusToken]: "-",
  [ts.SyntaxKind.MinusToken]: "+",
  [ts.SyntaxKind.AsteriskToken]: "/",
  [ts.SyntaxKind.SlashToken]: "*",
  [ts.SyntaxKind.AmpersandAmpersandToken]: "||",
  [ts.SyntaxKind.BarBarToken]: "&&",
  [ts.SyntaxKind.PlusEqualsToken]: "-=",
  [ts.SyntaxKind.MinusEqualsToken]: "+=",
};

const swappedNames = new Map([
  ["min", "max"],
  ["max", "min"],
  ["some", "every"],
  ["every", "some"],
]);

/** All mutants of a source file, in the order of its text: about one for each decision that the code takes. */
export function mutantsOf(name: string, text: string): Mutant[] {
  const source = ts.createSourceFile(name, text, ts.ScriptTarget.Latest, true);
  const mutants: Mutant[] = [];
  const replace = (node: ts.Node, by: string) => {
    const [start, end] = [node.getStart(), node.getEnd()];
    const was = text.slice(start, end).replace(/\s+/g, " ");
    mutants.push({
      line: source.getLineAndCharacterOfPosition(start).line + 1,
      change: `${was.length > 80 ? `${was.slice(0, 79)}…` : was} → ${by || "nothing"}`,
      text: text.slice(0, start) + by + text.slice(end),
    });
  };
  const visit = (node: ts.Node): void => {
    if (ts.isTypeNode(node) || ts.isImportDeclaration(node) || ts.isInterfaceDeclaration(node)) return;
    if (ts.isBinaryExpression(node)) {
      const by = swapped[node.operatorToken.kind];
      // A sum of texts is no arithmetic.
      const isText = [node.left, node.right].some(
        (side) => ts.isStringLiteralLike(side) || ts.isTemplateExpression(side),
      );
      if (by && !isText) replace(node.operatorToken, by);
      if (node.operatorToken.kind === ts.SyntaxKind.QuestionQuestionToken)
        replace(node, `(${node.left.getText()})`);
    }
    if (ts.isIfStatement(node)) bothWays(node.expression);
    if (ts.isConditionalExpression(node)) bothWays(node.condition);
    if (ts.isWhileStatement(node) || ts.isDoStatement(node)) replace(node.expression, "false");
    if (ts.isPrefixUnaryExpression(node) && node.operator === ts.SyntaxKind.ExclamationToken)
      replace(node, `(${node.operand.getText()})`);
    if (node.kind === ts.SyntaxKind.TrueKeyword) replace(node, "false");
    if (node.kind === ts.SyntaxKind.FalseKeyword) replace(node, "true");
    // A limit that is one more than it was would be no mistake.
    if (ts.isNumericLiteral(node))
      replace(node, Number(node.text) <= 10 ? `(${node.text} + 1)` : `(${node.text} * 10)`);
    if (ts.isPropertyAccessExpression(node) && ts.isCallExpression(node.parent)) {
      const by = swappedNames.get(node.name.text);
      if (by) replace(node.name, by);
    }
    if (ts.isExpressionStatement(node) && isCall(node.expression)) replace(node, ";");
    if (ts.isThrowStatement(node)) replace(node, ";");
    ts.forEachChild(node, visit);
  };
  const bothWays = (condition: ts.Expression) => {
    for (const outcome of ["true", "false"]) replace(condition, outcome);
  };
  visit(source);
  return mutants;
}

/** A call, also one that is waited for, or whose outcome is not. */
function isCall(expression: ts.Expression): boolean {
  if (ts.isAwaitExpression(expression) || ts.isVoidExpression(expression))
    return isCall(expression.expression);
  // Without super(), a constructor is none.
  return ts.isCallExpression(expression) && expression.expression.kind !== ts.SyntaxKind.SuperKeyword;
}
