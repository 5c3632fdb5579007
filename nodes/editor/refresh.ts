const everySeconds = 5;

/** Brings a part of a dialog up to date, now and every few seconds for as long as it stands in the page. */
export async function keepUpToDate(part: JQuery, refresh: () => Promise<void>): Promise<void> {
  await refresh();
  setTimeout(() => {
    if (part[0]?.isConnected) void keepUpToDate(part, refresh);
  }, everySeconds * 1000);
}
