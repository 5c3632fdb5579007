const months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/** Longer than a server means, and shorter than what a timer can hold: milliseconds. */
const longest = 24 * 3_600_000;

/** The three forms of a date in HTTP (RFC 9110, 5.6.7). */
const dates = [
  // Sun, 06 Nov 1994 08:49:37 GMT
  /^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), (?<day>\d\d) (?<month>[A-Z][a-z]{2}) (?<year>\d{4}) (?<time>\d\d:\d\d:\d\d) GMT$/,
  // Sunday, 06-Nov-94 08:49:37 GMT
  /^(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day, (?<day>\d\d)-(?<month>[A-Z][a-z]{2})-(?<year>\d\d) (?<time>\d\d:\d\d:\d\d) GMT$/,
  // Sun Nov  6 08:49:37 1994
  /^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun) (?<month>[A-Z][a-z]{2}) (?<day>[ \d]\d) (?<time>\d\d:\d\d:\d\d) (?<year>\d{4})$/,
];

/**
 * The `Retry-After` of an answer, in milliseconds from now and at most a day: whole seconds, or a date, which counts
 * from the answer's own `Date` where it has one, since the clock here may be wrong. What is neither counts as none.
 */
export function retryAfter(header: string | undefined, date?: string): number | undefined {
  if (header === undefined) return undefined;
  const text = header.trim();
  if (/^\d+$/.test(text)) return Math.min(longest, Number(text) * 1000);
  const now = (date === undefined ? undefined : httpDate(date.trim())) ?? Date.now();
  const at = httpDate(text, now);
  return at === undefined ? undefined : Math.min(longest, Math.max(0, at - now));
}

/** A date in one of HTTP's forms, in milliseconds since 1970. */
function httpDate(text: string, now = Date.now()): number | undefined {
  for (const form of dates) {
    const { day, month = "", year = "", time = "" } = form.exec(text)?.groups ?? {};
    if (day === undefined) continue;
    const [hour, minute, second] = time.split(":").map(Number) as [number, number, number];
    const at = new Date(
      Date.UTC(fullYear(year, now), months.indexOf(month), Number(day), hour, minute, second),
    );
    // A day that its month does not have, an hour past the last or a minute past the hour would count as a later one.
    const isDate = at.getUTCDate() === Number(day) && at.getUTCHours() === hour && second <= 60;
    return isDate && months.includes(month) ? at.getTime() : undefined;
  }
  return undefined;
}

/** A year of two digits that would be more than 50 years ahead is one of the century before. */
function fullYear(year: string, now: number): number {
  if (year.length === 4) return Number(year);
  const thisYear = new Date(now).getUTCFullYear();
  const inThisCentury = thisYear - (thisYear % 100) + Number(year);
  return inThisCentury > thisYear + 50 ? inThisCentury - 100 : inThisCentury;
}
