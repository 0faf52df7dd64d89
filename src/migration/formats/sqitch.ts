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
  const migrations: FoundMigration[] = []
  const left: FoundSeries['left'] = []
  for (const [at, line] of steps.entries()) {
    if (line.startsWith('@')) continue
    const name = line.split(/\s/)[0]!
    const file = textOfChange(files, steps, at, name)
    const up = files[`deploy/${file}`]
    if (up === undefined)
      left.push({ file: `deploy/${file}`, why: 'sqitch.plan names it, and it does not exist' })
    else
      migrations.push({
        version: file.replace(/\.sql$/, ''),
        name,
        file: `deploy/${file}`,
        up,
        down: files[`revert/${file}`] ?? null,
      })
  }
  const verify = Object.keys(files).filter((file) => /^verify\/.*\.sql$/.test(file))
  const why = 'it fails instead of answering: write its checks into verify.sql'
  return { migrations, left: [...left, ...verify.sort().map((file) => ({ file, why }))] }
}

/** The file of a change. Where the change was reworked later, its text at this place has the name of the next tag. */
function textOfChange(files: FolderFiles, steps: string[], at: number, name: string): string {
  const later = steps.slice(at + 1)
  const again = later.findIndex((line) => line.split(/\s/)[0] === name)
  const tag = again < 0 ? undefined : later.slice(0, again).find((line) => line.startsWith('@'))
  const tagged = tag === undefined ? null : `${name}${tag.split(/\s/)[0]}.sql`
  return tagged !== null && files[`deploy/${tagged}`] !== undefined ? tagged : `${name}.sql`
}
