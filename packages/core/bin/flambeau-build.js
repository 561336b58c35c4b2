#!/usr/bin/env node
import '../dist/doctor/build.js'
