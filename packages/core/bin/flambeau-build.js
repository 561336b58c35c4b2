#!/usr/bin/env node
import { build } from '../dist/doctor/build.js'

process.exitCode = build(
  process.argv.slice(2),
  (text) => process.stdout.write(text),
  (text) => process.stderr.write(text),
)
