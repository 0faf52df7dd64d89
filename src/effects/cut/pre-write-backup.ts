import { z } from 'zod'
import type { EffectContext, ReadEffect } from '../../domain/effect.ts'
import { jsonEvidence } from '../../domain/evidence.ts'
import type { DocumentRows, Sql, Target } from '../../targets/target.ts'
import type { CutWorld } from './world.ts'

const input = z.object({ document: z.string(), target: z.string() })
const output = z.looseObject({ backupDigest: z.string() })

/** The narrow backup: every row of the document, whole, as the reader sees it. A plan can touch no others. */
export function preWriteBackup(world: CutWorld): ReadEffect<z.infer<typeof input>, z.infer<typeof output>> {
  return {
    name: 'pre_write_backup',
    kind: 'read',
    input,
    output,
    async execute(context, { document, target }) {
      const { evidence, rows } = await backUp(await world.target(target), context, document)
      return { output: { backupDigest: evidence.digest, backedUp: rows }, evidence: [evidence] }
    },
  }
}

export async function backUp(target: Target, context: EffectContext, document: string) {
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
      select to_jsonb(v) as row from public.unit_version v join public.information_unit u on u.id = v.unit_id
      where u.doc_code = $1 order by u.canonical_address, v.version_seq`),
    log: await rowsOf(`
      select to_jsonb(l) as row from public.iu_lifecycle_log l join public.information_unit u on u.id = l.unit_id
      where u.doc_code = $1 order by u.canonical_address, l.created_at, l.id`),
  }
}
