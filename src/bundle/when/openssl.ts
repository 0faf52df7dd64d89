import { execFile } from 'node:child_process'
import { CutterError } from '../../domain/errors.ts'
import type { Tools } from '../../tools/open-tools.ts'
import { TRUSTED_PATH } from '../../tools/trusted-folders.ts'

/** What openssl printed on its standard output, as bytes, and whether its exit code was 0. */
export interface OpensslAnswer {
  ok: boolean
  stdout: Buffer
}

/**
 * Runs openssl without a shell, for at most 10 s. A failure of openssl is an answer, not an error.
 * @throws TOOL_MISSING when openssl is not where it is looked for
 */
export function runOpenssl(tools: Tools, args: string[]): Promise<OpensslAnswer> {
  const tool = tools.find('openssl')
  if (tool === null) {
    const { why, next } = tools.describeMissing('openssl')
    throw new CutterError('TOOL_MISSING', `openssl ${why}; time tokens are asked for and checked with it`, {
      next,
      data: { tool: 'openssl' },
    })
  }
  return new Promise((resolve) => {
    const options = {
      cwd: '/',
      timeout: 10_000,
      maxBuffer: 1 << 20,
      encoding: 'buffer',
      env: { PATH: TRUSTED_PATH, TZ: 'UTC', LC_ALL: 'C' },
    } as const
    execFile(tool.file, [...tool.args, ...args], options, (error, stdout) =>
      resolve({ ok: error === null, stdout }),
    )
  })
}
