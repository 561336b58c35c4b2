/** npm run diffusion */
import { runProgram } from '@flambeau/command-line'
import { program } from './command-line.ts'

await runProgram('diffusion', program)
