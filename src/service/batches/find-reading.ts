import { z } from 'zod'
import type { Run } from '../../domain/run.ts'
import { countFindings, countUnits } from '../../effects/cut/scan-source.ts'
import type { RunStore } from '../../store/run-store.ts'

/** How the text of a run was read: what an operator compares over the documents of a batch. */
export type BatchReading = z.infer<typeof readingSchema>

/** Numbers of findings: those that stop a cut, those that need `--accept`, and notes. */
const findingsSchema = z.object({ stop: z.int(), accept: z.int(), note: z.int() })

const readingSchema = z.object({
  units: z.int(),
  /** 0 to 1. */
  confidence: z.number(),
  findings: findingsSchema,
})

const outputSchema = z.object({ findings: findingsSchema })

const scanSchema = z.object({
  confidence: z.number(),
  records: z.array(z.object({ kind: z.string() })),
  problems: z.array(z.object({ severity: z.string() })),
})

/** Finds how the text of a run was read: its recorded scan, or what its stop says. Null before the text was read. */
export async function findReading(store: RunStore, run: Run | null): Promise<BatchReading | null> {
  if (run === null) return null
  const stopped = readingSchema.safeParse(run.stop?.data?.reading)
  if (stopped.success) return stopped.data
  const kept = (await store.evidenceOf(run.runId)).find(({ name }) => name === 'scan')
  const bytes = kept === undefined ? null : await store.evidence(kept.digest)
  const scan = bytes === null ? null : scanSchema.safeParse(JSON.parse(Buffer.from(bytes).toString()))
  if (scan?.success !== true) return null
  // The plan of a re-cut leaves out findings that the text in force explains.
  const output = outputSchema.safeParse(run.output)
  return {
    units: countUnits(scan.data),
    confidence: scan.data.confidence,
    findings: output.success ? output.data.findings : countFindings(scan.data),
  }
}
