/** What a page in Markdown consists of, as far as tests ask. */
export interface Page {
  headings: string[];
  /** As GitHub makes them of the headings. */
  anchors: Set<string>;
  /** Of links and pictures, outside of code. */
  links: string[];
  blocks: { language: string; text: string }[];
}

/** Reads a page: headings, links and blocks of code. */
export function readPage(markdown: string): Page {
  const blocks: Page["blocks"] = [];
  const prose = markdown.replace(/^```(\w*)\n([\s\S]*?)^```$/gm, (_, language: string, text: string) => {
    blocks.push({ language, text });
    return "";
  });
  const headings = [...prose.matchAll(/^#{1,6} (.+)$/gm)].map(([, heading]) => heading as string);
  const withoutCode = prose.replace(/`[^`\n]*`/g, "");
  const links = [
    ...[...withoutCode.matchAll(/\]\(([^)\s]+)\)/g)].map(([, link]) => link as string),
    ...[...withoutCode.matchAll(/(?:src|srcset|href)="([^"]+)"/g)].map(([, link]) => link as string),
  ];
  return { headings, anchors: anchorsOf(headings), links, blocks };
}

function anchorsOf(headings: string[]): Set<string> {
  const anchors = new Set<string>();
  for (const heading of headings) {
    const slug = heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, "")
      .replaceAll(" ", "-");
    let anchor = slug;
    for (let count = 1; anchors.has(anchor); count += 1) anchor = `${slug}-${count}`;
    anchors.add(anchor);
  }
  return anchors;
}
