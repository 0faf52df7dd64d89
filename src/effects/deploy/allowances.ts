import { z } from 'zod'
import type { ArtifactFinding } from './artifact-entry.ts'
import { createIsMutable, MUTABLE_PATTERN } from './mutable-paths.ts'

/** The kinds of findings of the artifact gate that a person may allow. The others would break the deploy itself. */
const ALLOWED_KINDS = [
  'secret',
  'cache',
  'link',
  'name',
  'duplicate',
  'submodule',
  'large-file-pointer',
] as const

const WITH_CONTENT: string[] = ['submodule', 'large-file-pointer']

/**
 * Findings that a person has examined: a path, which stands for a secret or a cache there, or a pattern of paths with the kind of the finding
 * and the reason. Both are part of the plan, so that the approver sees them.
 */
export const allowance = z
  .union([
    z.string().min(1),
    z.strictObject({
      path: z.string().regex(MUTABLE_PATTERN, 'must be a relative path, where * and ** are wildcards'),
      kind: z.enum(ALLOWED_KINDS),
      reason: z.string().trim().min(3, 'must say why').max(500),
      /** For a submodule: the id of its commit. For a pointer of git-lfs: the SHA-256 of its object. Another one is refused. */
      id: z
        .string()
        .regex(/^[0-9a-f]{40,64}$/, 'must be a complete id')
        .optional(),
      /** Whether the content goes into the artifact: the files of a submodule, or a large file in the place of its pointer. */
      include: z.boolean().optional(),
    }),
  ])
  .refine((one) => typeof one === 'string' || one.include !== true || WITH_CONTENT.includes(one.kind), {
    message: 'only a submodule or a large-file-pointer has a content to include',
  })

export type Allowance = z.infer<typeof allowance>

/** Applies what a person has allowed: such a finding becomes a warning with the reason. */
export function applyAllowances(findings: ArtifactFinding[], allow: Allowance[]): ArtifactFinding[] {
  const rules = allow.map((one) =>
    typeof one === 'string'
      ? { reason: null, covers: ({ path, rule }: ArtifactFinding) => path === one && isExamined(rule) }
      : { reason: one.reason, covers: coversKind(one) },
  )
  return findings.map((finding) => {
    const rule = finding.fixed === true ? undefined : rules.find(({ covers }) => covers(finding))
    if (rule === undefined) return finding
    const reason = rule.reason === null ? 'allowed' : `allowed: ${rule.reason}`
    return { ...finding, severity: 'warn', why: `${finding.why} (${reason})` }
  })
}

const isExamined = (rule: ArtifactFinding['rule']) => rule === 'secret' || rule === 'cache'

function coversKind({ path, kind, id }: Exclude<Allowance, string>): (finding: ArtifactFinding) => boolean {
  const matches = createIsMutable([path])
  // One finding stands for all files of a cache, so that a pattern of what lies in its folder covers it too.
  const covers = (finding: ArtifactFinding) =>
    matches(finding.path) || (finding.rule === 'cache' && matches(`${finding.path}/`))
  return (finding) =>
    finding.rule === kind && (finding.id === undefined || finding.id === id) && covers(finding)
}
