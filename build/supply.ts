/** Whether a range `^VERSION` takes the newest version, as npm reads it. */
export function isNewestLine(range: string, newest: string): boolean {
  const [least, latest] = [range.replace("^", ""), newest].map((version) => version.split(".").map(Number));
  if (!range.startsWith("^") || !least || !latest) return false;
  // What must be the same: up to the first number that is not 0.
  const line = least.findIndex((number) => number !== 0) + 1;
  return least.slice(0, line).every((number, place) => number === latest[place]);
}

/**
 * @param report what `npm audit --json` printed.
 * @returns the packages with a known vulnerability; undefined when the registry did not tell.
 */
export function vulnerabilities(report: string): string[] | undefined {
  try {
    const { vulnerabilities: found, auditReportVersion } = JSON.parse(report);
    if (auditReportVersion === undefined || typeof found !== "object") return undefined;
    return Object.values(found as Record<string, { name: string; severity: string }>).map(
      ({ name, severity }) => `${name} (${severity})`,
    );
  } catch {
    return undefined;
  }
}
