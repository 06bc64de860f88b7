#!/bin/sh
# bind: see lab/program.h for what these functions are.
