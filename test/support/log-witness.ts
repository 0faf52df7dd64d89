import { createHash, createPublicKey, generateKeyPairSync, sign, verify } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

/**
 * A witness of https://c2sp.org/tlog-witness, written from its specification and sharing no code with Cutter. It remembers one checkpoint of each
 * log, checks that the next one continues it, and cosigns it.
 */
export interface LogWitness {
  url: string
  /** Its key, as operators exchange it. */
  key: string
  /** How many leaves it has cosigned, by the name of the log. */
  sizes: Map<string, number>
  /** Makes a log known, by its key as `cutter doctor` shows it. */
  know(logKey: string): void
  /** A silent witness reads requests and never answers. */
  isSilent: boolean
  /** The statuses of its answers. */
  answers: number[]
  close(): Promise<void>
}

const sha = (...parts: Buffer[]) => createHash('sha256').update(Buffer.concat(parts)).digest()
const nodeOf = (left: Buffer, right: Buffer) => sha(Buffer.from([1]), left, right)
const rawKey = (key: ReturnType<typeof createPublicKey>) =>
  Buffer.from(key.export({ format: 'jwk' }).x!, 'base64url')

/** RFC 9162, section 2.1.4.2. */
export function continuesTree(
  old: { size: number; root: Buffer },
  now: { size: number; root: Buffer },
  proof: Buffer[],
) {
  if (old.size === 0) return proof.length === 0
  if (old.size === now.size) return proof.length === 0 && old.root.equals(now.root)
  const path = Number.isInteger(Math.log2(old.size)) ? [old.root, ...proof] : [...proof]
  let [fn, sn] = [old.size - 1, now.size - 1]
  while (fn & 1) [fn, sn] = [fn >> 1, sn >> 1]
  const first = path.shift()
  if (first === undefined) return false
  let [fr, sr] = [first, first]
  for (const c of path) {
    if (sn === 0) return false
    if (fn & 1 || fn === sn) {
      ;[fr, sr] = [nodeOf(c, fr), nodeOf(c, sr)]
      while (fn !== 0 && !(fn & 1)) [fn, sn] = [fn >> 1, sn >> 1]
    } else sr = nodeOf(sr, c)
    ;[fn, sn] = [fn >> 1, sn >> 1]
  }
  return sn === 0 && fr.equals(old.root) && sr.equals(now.root)
}

interface Kept {
  size: number
  root: Buffer
}

/** Starts a witness on a free port of loopback. */
export async function aLogWitness(name = 'witness.example.org/w1'): Promise<LogWitness> {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519')
  const material = Buffer.concat([Buffer.from([4]), rawKey(publicKey)])
  const keyId = sha(Buffer.from(`${name}\n`), material).subarray(0, 4)
  const logs = new Map<string, { id: string; key: Buffer }>()
  const kept = new Map<string, Kept>()

  function judge(body: string): { status: number; text: string } {
    const [head = '', text = '', signed = ''] = body.split('\n\n')
    const [old = '', ...hashes] = head.split('\n')
    const [origin = '', size = '', root = ''] = text.split('\n')
    const log = logs.get(origin)
    if (log === undefined) return { status: 404, text: '' }
    const note = Buffer.from(`${text}\n`)
    const isSigned = signed.split('\n').some((line) => {
      const [, by, encoded = ''] = line.split(' ')
      const bytes = Buffer.from(encoded, 'base64')
      const jwk = { kty: 'OKP', crv: 'Ed25519', x: log.key.toString('base64url') }
      const key = createPublicKey({ key: jwk, format: 'jwk' })
      return (
        by === origin && bytes.toString('hex', 0, 4) === log.id && verify(null, note, key, bytes.subarray(4))
      )
    })
    if (!isSigned) return { status: 403, text: '' }
    const before = kept.get(origin) ?? { size: 0, root: Buffer.alloc(0) }
    if (old !== `old ${before.size}`) return { status: 409, text: `${before.size}\n` }
    const now = { size: Number(size), root: Buffer.from(root, 'base64') }
    const proof = hashes.map((one) => Buffer.from(one, 'base64'))
    if (!continuesTree(before, now, proof)) return { status: 422, text: '' }
    kept.set(origin, now)
    witness.sizes.set(origin, now.size)
    const time = Math.floor(Date.now() / 1000)
    const stamp = Buffer.alloc(8)
    stamp.writeBigUInt64BE(BigInt(time))
    const signature = sign(
      null,
      Buffer.concat([Buffer.from(`cosignature/v1\ntime ${time}\n`), note]),
      privateKey,
    )
    const line = Buffer.concat([keyId, stamp, signature]).toString('base64')
    return { status: 200, text: `\u2014 ${name} ${line}\n` }
  }

  const server = createServer((request, response) => {
    const parts: Buffer[] = []
    request.on('data', (part: Buffer) => parts.push(part))
    request.on('end', () => {
      if (witness.isSilent) return
      const { status, text } = judge(Buffer.concat(parts).toString('utf8'))
      witness.answers.push(status)
      const type = status === 409 ? 'text/x.tlog.size' : 'text/plain'
      response.writeHead(status, { 'content-type': type }).end(text)
    })
  })
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  const witness: LogWitness = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    key: `${name}+${keyId.toString('hex')}+${material.toString('base64')}`,
    sizes: new Map(),
    answers: [],
    isSilent: false,
    know(logKey) {
      const [origin = '', id = '', ...encoded] = logKey.split('+')
      // Base 64 has plus signs of its own.
      logs.set(origin, { id, key: Buffer.from(encoded.join('+'), 'base64').subarray(1) })
    },
    async close() {
      server.closeAllConnections()
      await new Promise((done) => server.close(done))
    },
  }
  return witness
}
