import { z } from 'zod'
import {
  count,
  exact,
  fenced,
  type MarkdownLine,
  md,
  nameSpan,
  paragraph,
  plural,
  points,
  prose,
  type Shown,
} from '../domain/markdown.ts'
import { otherPlanLines } from './other-plan-page.ts'
import type { PlanReading } from './plan-reading.ts'

/** What is read of the plan of a deploy for its summary. All of it is shown below, as it is. */
const file = z.object({ path: z.string(), bytes: z.number() })
export const deployPlan = z.looseObject({
  type: z.string().startsWith('cutter.plan.deploy/'),
  place: z.looseObject({ target: z.string(), strategy: z.string().default('side-by-side') }),
  pointer: z.looseObject({ path: z.string(), from: z.string(), to: z.string() }).nullable(),
  activation: z.looseObject({ back: z.unknown() }).nullable().default(null),
  confirmSeconds: z.number().nullable().default(null),
  onFailure: z.string(),
  old: z.array(z.looseObject({ path: z.string(), run: z.string() })).default([]),
  outside: z.array(z.looseObject({ path: z.string(), state: z.string() })).default([]),
  known: z.array(z.looseObject({ path: z.string(), run: z.string() })).default([]),
  changes: z
    .looseObject({
      since: z.looseObject({ path: z.string(), commit: z.string(), run: z.string() }),
      commits: z.array(z.string()).nullable(),
      counts: z.looseObject({
        commits: z.number().nullable(),
        added: z.number(),
        changed: z.number(),
        removed: z.number(),
      }),
      added: z.array(file),
      changed: z.array(file),
      removed: z.array(z.string()),
      differences: z.array(z.string()),
    })
    .nullable()
    .default(null),
  commands: z.array(z.looseObject({ id: z.string() })),
})
type DeployPlan = z.infer<typeof deployPlan>

/** The plan of a deploy: what changes, what happens in words, what cannot be undone, and then everything that the plan holds. */
export function deployPlanLines(reading: PlanReading, plan: DeployPlan): MarkdownLine[] {
  // The summary shows the changes; a second time as facts they would only be harder to read.
  const rest = { ...(reading.plan as { [key: string]: never }) }
  delete rest.changes
  return [...deploySummaryLines(plan), ...otherPlanLines({ ...reading, plan: rest })]
}

/** What changes on a host, what happens there in words, and what cannot be undone. */
function deploySummaryLines(plan: DeployPlan): MarkdownLine[] {
  return [
    ...changeLines(plan),
    md`## What happens, in this order`,
    '',
    ...points(plan.commands.flatMap(({ id }) => describeCommand(id, plan))),
    '',
    md`## What cannot be undone`,
    '',
    ...points(listIrreversible(plan)),
    '',
  ]
}

function changeLines({ changes, known }: DeployPlan): MarkdownLine[] {
  const title: MarkdownLine[] = [md`## What changes`, '']
  if (changes === null)
    return [
      ...title,
      ...paragraph(md`No release with a manifest runs now, so there is nothing to compare with.`),
    ]
  const adopted = known.flatMap(({ path, run }) =>
    paragraph(
      md`Another home deployed ${exact(path)}, in run ${nameSpan(run)}. This home has adopted it: its manifest is the one of a bundle that verified.`,
    ),
  )
  const { since, commits, counts, added, changed, removed, differences } = changes
  return [
    ...title,
    ...paragraph(
      md`Compared with ${nameSpan(since.path)}, commit ${nameSpan(since.commit)}, of run ${nameSpan(since.run)}: ${plural(counts.added, 'file')} added, ${count(counts.changed)} changed, ${count(counts.removed)} removed.`,
    ),
    ...adopted,
    ...(commits === null || counts.commits === null
      ? paragraph(
          md`The source does not hold the commit that runs now, so that the commits since are not known.`,
        )
      : listLines(
          md`${plural(counts.commits, 'commit')} since`,
          commits.map((line) => exact(line)),
          counts.commits,
        )),
    ...listLines(md`Added`, added.map(describeFile), counts.added),
    ...listLines(md`Changed`, changed.map(describeFile), counts.changed),
    ...listLines(
      md`Removed`,
      removed.map((path) => exact(path)),
      counts.removed,
    ),
    ...differences.flatMap((text): MarkdownLine[] => [...fenced(text.trimEnd().split('\n')), '']),
  ]
}

const describeFile = ({ path, bytes }: z.infer<typeof file>): Shown =>
  md`${exact(path)}, ${plural(bytes, 'byte')}`

function listLines(title: Shown, items: Shown[], all: number): MarkdownLine[] {
  if (items.length === 0) return []
  const left = all - items.length
  return [md`### ${title}`, '', ...points([...items, ...(left > 0 ? [md`and ${count(left)} more`] : [])]), '']
}

/** What a command of the plan does, in words. A command of the checks file has the name that the file gives it. */
function describeCommand(id: string, { place, pointer, confirmSeconds, old, outside }: DeployPlan): Shown[] {
  if (id === 'skeleton-outside')
    return outside.map(({ path, state }) =>
      state === 'made'
        ? md`The folder ${exact(path)} is made, outside of the new folder.`
        : md`The folder ${exact(path)} is there already, and stays as it is.`,
    )
  const known: { [id: string]: Shown } = {
    stage: md`Cutter makes a staging folder that only this user can enter.`,
    extract: md`The host extracts the archive in staging, and hashes what it has received. Cutter compares the hash before it uses anything of it.`,
    promote:
      place.strategy === 'replace'
        ? md`One rename moves the version that is at ${exact(place.target)} now to ${exact(`${place.target}-before-<run>`)}, and another one puts the new folder there. A program that reads its files from there meets the new ones from here on.`
        : md`One rename puts the new folder at ${exact(place.target)}. Nothing leads to it yet.`,
    build: md`The build of the checks file runs in the new folder.`,
    'link-shared': md`The new folder gets its links to shared paths.`,
    skeleton: md`Folders and files of the skeleton are made in it.`,
    rehearsal: md`The rehearsal of the checks file runs there.`,
    switch:
      pointer === null
        ? md`No link has to turn.`
        : md`${exact(pointer.path)} turns to ${exact(pointer.to)} in one rename. From here on the release is live.`,
    activate: md`The activation starts the new program.`,
    confirm: md`Cutter logs in again within ${confirmSeconds ?? 0} s. Otherwise the host rolls back by itself.`,
    health: md`The health check asks the live program.`,
    'remove-old': md`The host removes ${plural(old.length, 'old release')}.`,
    discard: md`The staging folder is removed.`,
  }
  if (id === 'send') return []
  return [known[id] ?? md`${prose(id)} runs in the new folder.`]
}

function listIrreversible({ old, activation, onFailure, pointer, place, outside }: DeployPlan): Shown[] {
  return [
    ...(outside.some(({ state }) => state === 'made')
      ? [
          md`Folders outside of the new folder that are no longer empty stay after a rollback, with all that is in them.`,
        ]
      : []),
    ...(place.strategy === 'replace'
      ? [
          md`What the new version writes below ${exact(place.target)} does not go back with a rollback: it is kept next to it.`,
        ]
      : []),
    ...old.map(
      ({ path, run }) =>
        md`The old release ${exact(path)} of run ${nameSpan(run)} is removed, with everything in it.`,
    ),
    ...(activation === null
      ? []
      : [
          activation.back === null
            ? md`Nothing takes the activation back.`
            : md`What the activation and the live program do elsewhere, such as in a database, stays.`,
        ]),
    md`What commands of the checks file do outside of the new folder stays.`,
    ...(onFailure === 'rollback'
      ? []
      : [md`A failed check stops the run, and does not roll back by itself.`]),
    ...(pointer === null || pointer.from !== '' ? [] : [md`There is no earlier release to return to.`]),
  ]
}

/** The head of the page. */
export const deployPlanTitle = ({ place }: DeployPlan) => md`Deploy to ${exact(place.target)}`
