/** `npx flambeau-doctor`: says what flambeau found on this machine, and what is missing. */
import { parseArgs } from 'node:util'
import { installedPackages, judge, tryNative } from './findings.ts'
import { lookAtMachine } from './machine.ts'
import { show } from './show.ts'

const HELP = `Usage: flambeau-doctor [--json]

Says what flambeau found on this machine (Node.js, processor, memory, native addon, libraries), what
is missing, and what to do about it.

  --json  everything as JSON
  --help  this text

Exit status: 0 if flambeau can run here, 1 if not, 2 for wrong arguments.
`

/** Runs the program and returns its exit status. */
export async function doctor(
  args: string[],
  say: (text: string) => void,
  complain: (text: string) => void,
): Promise<number> {
  let options: { json?: boolean | undefined; help?: boolean | undefined }
  try {
    options = parseArgs({
      args,
      options: { json: { type: 'boolean' }, help: { type: 'boolean', short: 'h' } },
    }).values
  } catch (error) {
    complain(`flambeau-doctor: ${(error as Error).message}\n\n${HELP}`)
    return 2
  }
  if (options.help) {
    say(HELP)
    return 0
  }
  const machine = lookAtMachine()
  const native = await tryNative(machine)
  const packages = installedPackages(process.cwd())
  const findings = judge(machine, native, packages, process.env)
  const works = findings.every((finding) => finding.state !== 'error')
  if (options.json) {
    say(`${JSON.stringify({ works, findings, machine, native, packages }, null, 2)}\n`)
  } else {
    const { stdout } = process
    const colours = stdout.isTTY && process.env['NO_COLOR'] === undefined
    say(show(findings, { colours, width: Math.min(stdout.columns ?? 100, 100) }))
  }
  return works ? 0 : 1
}
