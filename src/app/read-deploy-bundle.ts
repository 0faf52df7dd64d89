import { readFile, stat } from 'node:fs/promises'
import { resolve } from 'node:path'
import { findRequiredGates } from '../builtin/required-gates.ts'
import { findFormat } from '../bundle/find-format.ts'
import type { RunRecord } from '../bundle/run-record.ts'
import { isTar, unpackTar } from '../bundle/tar.ts'
import { type Verdict, verifyBundle } from '../bundle/verify-bundle.ts'
import type { Config } from '../config/load-config.ts'
import { CutterError } from '../domain/errors.ts'
import { sha256 } from '../domain/json.ts'
import { nameInLine } from '../domain/visible.ts'
import type { ProvenDeploy } from '../effects/adopt/deps.ts'

/** A larger bundle would not fit into memory, where it is read at once. */
const MAX_BYTES = 2 * 1024 ** 3

/**
 * Reads the evidence bundle of a deploy, and verifies it offline against the signers of this home: somebody among them must vouch for the
 * approval and for every entry up to the end.
 * @param knows whether this home has a run of its own with an id, which needs no adoption
 * @throws INPUT_REFUSED when the bundle does not hold, when nobody vouches for all of it, or when it is not of a closed live deploy that succeeded
 * @throws TOOL_MISSING without ssh-keygen
 */
export async function readDeployBundle(
  home: string,
  { allowedSigners, revokedKeys }: Pick<Config['approvals'], 'allowedSigners' | 'revokedKeys'>,
  path: string,
  knows: (runId: string) => Promise<boolean>,
): Promise<ProvenDeploy> {
  const tar = await readTar(path)
  const signers = resolve(home, allowedSigners)
  const isThere = await stat(signers).then(
    (found) => found.isFile(),
    () => false,
  )
  if (!isThere)
    throw refusedError(`nobody may approve in this home yet: it has no ${signers}`, 'cutter doctor')
  const verdict = await verifyBundle(tar, {
    trust: { signers, revoked: revokedKeys === undefined ? null : resolve(home, revokedKeys) },
    requirements: { gates: ['SG1'], trusted: true, origins: null },
    findRequiredGates,
  })
  if (verdict.firstFault !== null)
    throw refusedError(
      `the evidence bundle ${path} does not hold: ${verdict.firstFault.message}`,
      'have everybody who signed it in allowed_signers here, or export it again: cutter run export <run> --out run.tar',
    )
  const record = await recordOf(tar)
  const { run, bytes, genesis } = record
  const named = `the evidence bundle of run ${nameInLine(genesis.runId)}`
  const { machine, mode } = genesis
  if (machine !== 'deploy') throw refusedError(`${named} is of ${nameInLine(machine)}, and not of a deploy`)
  if (mode !== 'live') throw refusedError(`${named} is of a dry run, which deployed nothing`)
  if (run.status !== 'closed' || run.outcome !== 'succeeded' || run.planDigest === null)
    throw refusedError(
      `${named} is of a run that ${run.outcome === null ? 'is not closed' : `ended as ${run.outcome}`}`,
    )
  if (await knows(genesis.runId))
    throw refusedError(
      `this home knows run ${genesis.runId}, which it made itself`,
      `cutter run show ${genesis.runId}`,
    )
  if (verdict.unmet.length > 0)
    throw refusedError(
      `${named} does not verify against ${signers}: ${verdict.unmet.join('; ')}`,
      'have somebody whom this home trusts countersign it (cutter approval countersign), or list the key of its instance in allowed_signers with namespaces="cutter.closeout"',
    )
  return {
    runId: genesis.runId,
    planDigest: run.planDigest,
    output: run.output,
    sha256: sha256(tar),
    signers: listSigners(verdict),
    evidence: bytes,
  }
}

async function readTar(path: string): Promise<Buffer> {
  const found = await stat(path).catch((cause: Error) => {
    throw refusedError(`can't read the evidence bundle ${path}: ${cause.message}`)
  })
  if (found.size > MAX_BYTES)
    throw refusedError(`the evidence bundle ${path} is larger than ${MAX_BYTES} bytes`)
  const bytes = found.isFile() ? await readFile(path) : Buffer.alloc(0)
  if (isTar(bytes)) return bytes
  throw refusedError(`${path} is not an evidence bundle: it is not a tar`)
}

/** The record of a bundle that holds. */
async function recordOf(tar: Buffer): Promise<RunRecord> {
  const unpacked = await unpackTar(tar)
  if ('fault' in unpacked) throw new Error(unpacked.fault)
  const found = findFormat(unpacked.files)
  if ('fault' in found) throw new Error(found.fault.message)
  const read = found.format.readRecord(unpacked.files)
  if ('fault' in read) throw new Error(read.fault.message)
  return read.record
}

/** Those whom this home trusts, each once. */
const listSigners = ({ ranges }: Verdict): string[] =>
  [...new Set(ranges.flatMap(({ by, trusted }) => (trusted && by !== null ? [by] : [])))].sort()

const refusedError = (
  why: string,
  next = 'name the bundle of the deploy that made the release: cutter run export <run> --out run.tar',
) => new CutterError('INPUT_REFUSED', `${why}; nothing was adopted`, { next })
