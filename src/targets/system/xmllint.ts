import { execFile } from 'node:child_process'
import { findTrustedProgram, isExecutable, TRUSTED_PATH } from '../../tools/trusted-folders.ts'

/** What xmllint says of a document: the faults that it names, or why it could not judge. */
export type XmllintReport = { faults: string[] } | { failed: string }

const LIMITS = { timeout: 300_000, maxBuffer: 10_000_000 }
/** Its exit codes for a document that is not valid, and for one that is not well-formed. */
const NOT_VALID = [1, 3, 4]

/**
 * Validates an XML document with xmllint and a schema. It gets the document on its input and no network.
 * @param schema absolute path of an XML Schema
 */
export function runXmllint(xml: string, schema: string, signal: AbortSignal): Promise<XmllintReport> {
  const file = findTrustedProgram('xmllint')
  if (file === null || !isExecutable(file))
    return Promise.resolve({
      failed:
        'xmllint is in none of the folders of programs (Debian and Ubuntu: apt-get install libxml2-utils)',
    })
  return new Promise((resolve) => {
    const args = ['--noout', '--nonet', '--schema', schema, '-']
    const options = { cwd: '/', env: { PATH: TRUSTED_PATH, LC_ALL: 'C' }, signal, ...LIMITS }
    const child = execFile(file, args, options, (error, _, stderr) => {
      const lines = stderr.split('\n').filter((line) => line !== '')
      const faults = lines.filter((line) => /^-:\d+: /.test(line)).map((line) => `line ${line.slice(2)}`)
      if (error === null) resolve({ faults: [] })
      else if (NOT_VALID.includes(error.code as number) && faults.length > 0) resolve({ faults })
      else resolve({ failed: `xmllint failed: ${(lines[0] ?? error.message).slice(0, 300)}` })
    })
    // It ends early where the schema is none: its exit code tells.
    child.stdin!.on('error', () => {})
    child.stdin!.end(xml)
  })
}
