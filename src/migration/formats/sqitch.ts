import type { FolderFiles, FoundMigration, FoundSeries } from './series-file.ts'

/**
 * Reads a project of sqitch: `sqitch.plan` orders the changes; `deploy/users.sql` and `revert/users.sql` hold them. A change that was
 * reworked after a tag has its earlier text in `users@tag.sql`. Scripts of `verify/` are left out, because they fail where a check of
 * Cutter answers. https://sqitch.org/docs/manual/sqitchplan/
 */
export function readSqitch(files: FolderFiles): FoundSeries | null {
  const plan = files['sqitch.plan']
  if (plan === undefined) return null
  const steps = plan
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !/^[#%]/.test(line))
    .map((line) => line.replace(/^\+\s*/, '').split(/\s/)[0]!)
  const migrations: FoundMigration[] = []
  const left: FoundSeries['left'] = []
  const used = new Set<string>()
  for (const [at, name] of steps.entries()) {
    if (name.startsWith('@')) continue
    const { file, tags } = fileOfChange(files, steps, at, name)
    const deploy = `deploy/${file ?? `${name}.sql`}`
    const up = files[deploy]
    if (name.startsWith('-'))
      left.push({ file: name, why: 'sqitch.plan reverts a change here: write that as a change' })
    else if (file === null) left.push({ file: deploy, why: earlierTextIsGone(name, tags) })
    else if (up === undefined) left.push({ file: deploy, why: 'sqitch.plan names it, and it does not exist' })
    else {
      used.add(deploy)
      const down = files[`revert/${file}`] ?? null
      migrations.push({ version: file.replace(/\.sql$/, ''), name, file: deploy, up, down })
    }
  }
  const others = Object.keys(files)
    .filter((file) => /^(deploy|verify)\/.*\.sql$/.test(file) && !used.has(file))
    .sort()
  const whyOf = (file: string) =>
    file.startsWith('verify/')
      ? 'it fails instead of answering: write its checks into verify.sql'
      : 'sqitch.plan does not name it'
  const named = new Set(left.map(({ file }) => file))
  return {
    migrations,
    left: [...left, ...others.filter((file) => !named.has(file)).map((file) => ({ file, why: whyOf(file) }))],
  }
}

/**
 * The file of a change. Where the change was reworked later, its text at this place has the name of a tag in between, of which the last
 * that has a file counts, as for sqitch. Null where none has: the text without a tag is the later one.
 */
function fileOfChange(files: FolderFiles, steps: string[], at: number, name: string) {
  const later = steps.slice(at + 1)
  const again = later.indexOf(name)
  if (again < 0) return { file: `${name}.sql`, tags: [] }
  const tags = later.slice(0, again).filter((step) => step.startsWith('@'))
  const tagged = tags.findLast((tag) => files[`deploy/${name}${tag}.sql`] !== undefined)
  return { file: tagged === undefined ? null : `${name}${tagged}.sql`, tags }
}

const earlierTextIsGone = (name: string, tags: string[]) =>
  `it was reworked later, and its text before that is in none of: ${tags.map((tag) => `${name}${tag}.sql`).join(', ') || 'a file with a tag'}`
