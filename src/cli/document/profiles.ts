import type { Command } from 'commander'
import type { ListedProfile } from '../../service/documents/profiles.ts'
import { printAnswer } from '../answers.ts'
import { action, defineCommand, type GlobalOptions } from '../define-command.ts'
import { fitLines } from '../fit.ts'
import { inHome } from '../session.ts'

/**
 * `cutter document profiles`: lists the profiles, those of `cutter.yaml` first, or prints the YAML of one, which is a start for a profile
 * of your own.
 */
export function defineProfiles(group: Command): void {
  defineCommand(
    group,
    'profiles',
    'list the profiles that documents are read with, or print the YAML of one',
    'cutter document profiles markdown > mine.yaml',
  )
    .argument('[name]', 'the profile to print')
    .action(action(profiles))
}

function profiles(name: string | undefined, options: GlobalOptions): Promise<number> {
  return inHome(options, async ({ home, io }) => {
    const { listProfiles, showProfile } = await import('../../service/documents/profiles.ts')
    if (name === undefined) {
      const listed = await listProfiles(home)
      printAnswer(io, listed, () => fitLines(linesOfProfiles(listed), { width: io.width, hang: LABEL }))
    } else {
      const shown = await showProfile(home, { name })
      printAnswer(io, shown, () => shown.yaml.trimEnd().split(/\r?\n/))
    }
    return 0
  })
}

/** Where the value of a profile's line begins. */
const LABEL = 15

const DETECTED = { first: 'yes', fallback: 'where nothing else fits', named: 'no: name it with --profile' }

function linesOfProfiles(listed: ListedProfile[]): string[] {
  return listed.flatMap(({ name, version, description, languages, detected, levels, from }) => [
    `${name}  ${version}${from === 'ships' ? '' : `  (${from})`}`,
    `    ${description}`,
    `    languages  ${languages.join(' ')}`,
    `    levels     ${levels.map((level) => `${level.name} (${level.code})`).join(', ')}`,
    `    detected   ${DETECTED[detected]}`,
  ])
}
