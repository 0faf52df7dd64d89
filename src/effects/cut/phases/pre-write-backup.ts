import { z } from 'zod'
import type { EffectContext, ReadEffect } from '../../../domain/effect.ts'
import { jsonEvidence } from '../../../domain/evidence.ts'
import type { DocumentRows, Sql, Target } from '../../../targets/target.ts'
import type { CutDeps } from '../deps.ts'

const input = z.object({ document: z.string(), target: z.string() })
const output = z.looseObject({ backupDigest: z.string() })

/** The narrow backup: every row of the document, whole, as the reader sees it. A plan can touch no others. */
export function preWriteBackup(deps: CutDeps): ReadEffect<z.infer<typeof input>, z.infer<typeof output>> {
  return {
    name: 'pre_write_backup',
    kind: 'read',
    input,
    output,
    async execute(context, { document, target }) {
      const { evidence, rows } = await backUpDocument(await deps.target(target), context, document)
      return { output: { backupDigest: evidence.digest, backedUp: rows }, evidence: [evidence] }
    },
  }
}

export async function backUpDocument(target: Target, context: EffectContext, document: string) {
  const rows = await target.read('reader', context, (sql) => documentRows(sql, document))
  const counts = { units: rows.units.length, versions: rows.versions.length, log: rows.log.length }
  return { evidence: jsonEvidence('backup', rows), rows: counts }
}

async function documentRows(sql: Sql, document: string): Promise<DocumentRows> {
  const rowsOf = async (text: string) => {
    const { rows } = await sql.query<{ row: { [column: string]: unknown } }>(text, [document])
    return rows.map(({ row }) => row)
  }
  return {
    units: await rowsOf(`
      select to_jsonb(u) as row from public.information_unit u where u.doc_code = $1 order by u.canonical_address`),
    versions: await rowsOf(`
      select v.row from public.information_unit u cross join lateral (
        select to_jsonb(n) as row, n.version_seq from public.unit_version n where n.unit_id = u.id offset 0) v
      where u.doc_code = $1 order by u.canonical_address, v.version_seq`),
    log: await rowsOf(`
      select l.row from public.information_unit u cross join lateral (
        select to_jsonb(e) as row, e.created_at, e.id from public.iu_lifecycle_log e where e.unit_id = u.id offset 0) l
      where u.doc_code = $1 order by u.canonical_address, l.created_at, l.id`),
  }
}
