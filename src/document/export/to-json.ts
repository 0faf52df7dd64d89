import type { DocumentText } from './document-text.ts'

/**
 * Exports a text as JSON: `{ type: 'cutter.document/v1', document, sourceVersionId, sha256, bytes, profile, stored, records: [{ kind,
 * level, number, address, heading, status, parent, start, end, sha256, text, unit }] }`. The texts of the records, one after the
 * other, are the source byte for byte.
 */
export function toJson({ pieces, ...text }: DocumentText): string {
  const records = pieces.map(
    ({ kind, level, number, address, heading, status, parent, reason, ...rest }) => ({
      kind,
      level,
      number,
      address,
      heading,
      status,
      parent,
      ...(reason === undefined ? {} : { reason }),
      ...rest,
    }),
  )
  return `${JSON.stringify({ type: 'cutter.document/v1', ...text, records }, null, 2)}\n`
}
