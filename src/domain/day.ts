/**
 * Whether a text is a day that exists, as YYYY-MM-DD. A day such as 2026-02-30 is none: JavaScript reads it as a day of March.
 */
export function isDay(text: string): boolean {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(text)) return false
  const time = new Date(`${text}T00:00:00Z`)
  return !Number.isNaN(time.getTime()) && time.toISOString().startsWith(text)
}
