import type { EffectContext } from '../../domain/effect.ts'
import { jsonEvidence } from '../../domain/evidence.ts'
import type { DocumentRows, Sql, Target } from '../../targets/target.ts'

/** Backs up every row of a document, as the reader sees it. A plan can change no other rows. */
export async function backUpDocument(target: Target, context: EffectContext, document: string) {
  const rows = await target.read('reader', context, (sql) => readDocumentRows(sql, document))
  const counts = { units: rows.units.length, versions: rows.versions.length, log: rows.log.length }
  return { evidence: jsonEvidence('backup', rows), document: rows, rows: counts }
}

async function readDocumentRows(sql: Sql, document: string): Promise<DocumentRows> {
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
