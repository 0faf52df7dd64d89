import { isAbsolute } from 'node:path'
import type { Home } from '../../app/open-home.ts'
import { CutterError } from '../../domain/errors.ts'
import { runXmllint } from '../../targets/system/xmllint.ts'

/** Maximum number of faults that a note names. */
const NAMED = 3

/**
 * Validates an exported Akoma Ntoso document: with xmllint and the official schema where `CUTTER_AKN_XSD` names it, else by Cutter's own subset of the
 * schema. Returns notes that say which of them ran, and what they found.
 * @throws USAGE when the variable does not hold an absolute path
 */
export async function validateAkn(
  { env, interrupt }: Pick<Home, 'env' | 'interrupt'>,
  xml: string,
): Promise<string[]> {
  const schema = env.CUTTER_AKN_XSD || undefined
  if (schema !== undefined && !isAbsolute(schema))
    throw new CutterError(
      'USAGE',
      `CUTTER_AKN_XSD is ${JSON.stringify(schema)}, and no absolute path; nothing was written`,
      {
        next: 'name the file akomantoso30.xsd of OASIS by its absolute path, or unset the variable',
      },
    )
  const report = schema === undefined ? null : await runXmllint(xml, schema, interrupt)
  if (report !== null && 'faults' in report) return [sentence(`xmllint with ${schema}`, report.faults)]
  const { checkAkn } = await import('../../document/export/check-akn.ts')
  const own = sentence('Cutter’s own subset of the schema of Akoma Ntoso 3.0', checkAkn(xml))
  return report === null ? [own] : [`${report.failed}; ${own}`]
}

const sentence = (by: string, faults: string[]): string =>
  faults.length === 0
    ? `the export was checked by ${by}: it is valid`
    : `the export was checked by ${by}: it is NOT valid, ${faults.length} ${faults.length === 1 ? 'fault' : 'faults'}: ${faults.slice(0, NAMED).join('; ')}`
