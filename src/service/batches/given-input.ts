import { formatExpectedCounts, parseExpectedCounts } from '../../document/diagnostics/expected-counts.ts'
import { CutterError } from '../../domain/errors.ts'
import type { Run } from '../../domain/run.ts'
import type { RunStore } from '../../store/run-store.ts'
import { readBatchRows } from './batch-answer.ts'
import type { Batch } from './batch-file.ts'

/** What an operator gives for the documents of a batch. */
interface GivenInput {
  /** Codes of problems to accept, separated by commas. */
  accept: string | undefined
  /** `article=30` for each document, `LAW:article=12` for one. */
  expect: readonly string[]
}

/**
 * Adds accepted codes and expected counts to the documents of a batch. The input of a run never changes, so both count for documents
 * without a run, and for those that stopped because of such a problem, which get another run.
 *
 * @throws INPUT_REFUSED when a count has another form or names a document that the batch does not have.
 */
export async function addGivenInput(store: RunStore, batch: Batch, given: GivenInput): Promise<Batch> {
  const { accept } = given
  const expected = parseExpectations(batch, given.expect)
  if (accept === undefined && expected.size === 0) return batch
  const rows = await readBatchRows(store, batch)
  const documents = batch.documents.map((one, index) => {
    const { run } = rows[index]!
    const counts = expected.get(one.document) ?? expected.get('')
    const codes = [...(accept?.split(',') ?? []), ...(counts === undefined ? [] : ['COUNT_UNEXPECTED'])]
    if (run !== null && !stoppedBecauseOf(run, codes)) return one
    return {
      ...one,
      ...(accept === undefined ? {} : { accept }),
      ...(counts === undefined ? {} : { expect: counts }),
    }
  })
  return { ...batch, documents }
}

/** The expected counts by document, each in one form; the empty id stands for all others. */
function parseExpectations({ documents }: Batch, given: readonly string[]): Map<string, string> {
  const expected = new Map<string, string>()
  for (const each of given) {
    const at = each.lastIndexOf(':')
    const document = each.slice(0, Math.max(0, at))
    if (at >= 0 && !documents.some((one) => one.document === document)) {
      throw new CutterError('INPUT_REFUSED', `the batch has no document ${document}; nothing was started`, {
        next: `its documents are: ${documents.map((one) => one.document).join(', ')}`,
      })
    }
    expected.set(document, formatExpectedCounts(parseExpectedCounts(each.slice(at + 1))))
  }
  return expected
}

function stoppedBecauseOf({ stop }: Run, codes: string[]): boolean {
  if (stop?.code !== 'STOP_REFUSED_INPUT') return false
  const problems = (stop.data?.problems ?? []) as { code?: string }[]
  return problems.some(({ code = '' }) => codes.includes(code))
}
