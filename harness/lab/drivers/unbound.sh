#!/bin/sh
# unbound: see lab/program.h for what these functions are.
