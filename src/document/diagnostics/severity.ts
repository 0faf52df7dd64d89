/**
 * Severity of a problem. `stops`: the text cannot be cut like this. `needs-accept`: a person has to check the text and accept the
 * problem by `--accept <code>`, which the plan records. `note`: the oddity is kept as it is and reported.
 */
export type Severity = 'stops' | 'needs-accept' | 'note'

/** The severity of each problem code. */
export const SEVERITY = {
  ADDRESS_COLLISION: 'stops',
  ADDRESS_TOO_LONG: 'stops',
  COUNT_UNEXPECTED: 'stops',
  NUL: 'stops',
  BYTE_ORDER_MARK_INSIDE: 'needs-accept',
  HEADING_SUSPECTED: 'needs-accept',
  HEADING_TOO_LONG: 'needs-accept',
  NUMBERS_MISSING: 'needs-accept',
  NUMBER_GAP: 'needs-accept',
  NUMBER_OUT_OF_ORDER: 'needs-accept',
  NUMBER_UNREAD: 'needs-accept',
  OTHER_TEXT_CHANGED: 'needs-accept',
  OTHER_TEXT_LARGE: 'needs-accept',
  TEXT_LEFT_OUT: 'needs-accept',
  TEXT_STRUCK_OUT: 'needs-accept',
  UNCLOSED_BLOCK: 'needs-accept',
  UNIT_OUTSIZED: 'needs-accept',
  BYTE_ORDER_MARK: 'note',
  CONTAINER_REPEATED: 'note',
  CRLF: 'note',
  HEADING_IN_ANNEX: 'note',
  KIND_GUESSED: 'note',
  LONE_CR: 'note',
  MIXED_LINE_ENDS: 'note',
  MIXED_NORMALISATION: 'note',
  NO_FINAL_NEWLINE: 'note',
  NUMBER_RAISED: 'note',
  NUMBER_STARTS_LATE: 'note',
  SITE_PART: 'note',
  UNIT_EMPTY: 'note',
  UNIT_TITLE_ALONE: 'note',
  UNKNOWN_HEADING_LEVEL: 'note',
} as const satisfies Record<string, Severity>

/** The code of a problem. */
export type ProblemCode = keyof typeof SEVERITY

/** The codes that `--accept` allows. */
export const ACCEPTABLE_CODES: string[] = Object.entries(SEVERITY).flatMap(([code, severity]) =>
  severity === 'needs-accept' ? [code] : [],
)
