import { readFileSync, statSync } from 'node:fs'
import { resolve } from 'node:path'
import type { Home } from '../../app/open-home.ts'
import { CutterError } from '../../domain/errors.ts'

/** How the network reaches a service. It is read once, when the service starts. */
export interface Network {
  /** Key and certificate in PEM; null without TLS. */
  tls: { key: Buffer; cert: Buffer } | null
  /** How many proxies in front of the service add the address of their caller to `X-Forwarded-For`. */
  hops: number
  /** Names by which the service may be called besides its own, in small letters. */
  names: string[]
}

/**
 * Reads how the network reaches a service.
 * @throws CONFIG_INVALID when a file of `tls` can't be read, FILES_UNSAFE when everybody may read its key
 */
export async function readNetwork({ folder, config }: Pick<Home, 'folder' | 'config'>): Promise<Network> {
  const { tls, proxy, names } = await config()
  if (tls === undefined) return { tls: null, hops: proxy.hops, names }
  const key = resolve(folder, tls.key)
  const read = { key: readPart(key, 'key'), cert: readPart(resolve(folder, tls.cert), 'cert') }
  if ((statSync(key).mode & 0o007) !== 0)
    throw new CutterError('FILES_UNSAFE', `everybody may read ${key}, the key of tls; nothing was started`, {
      next: `chmod 640 ${key}, and make another key, because somebody may have read this one`,
      data: { file: key },
    })
  return { tls: read, hops: proxy.hops, names }
}

function readPart(file: string, part: string): Buffer {
  try {
    return readFileSync(file)
  } catch (cause) {
    throw new CutterError(
      'CONFIG_INVALID',
      `tls.${part} of cutter.yaml can’t be read: ${(cause as NodeJS.ErrnoException).code}; nothing was started`,
      { next: `see whether ${file} is there, and whether the user of the service may read it`, cause },
    )
  }
}
