#!/usr/bin/env node
import { doctor } from '../dist/doctor/main.js'

process.exitCode = await doctor(
  process.argv.slice(2),
  (text) => process.stdout.write(text),
  (text) => process.stderr.write(text),
)
