#!/bin/sh
# knot-resolver: see lab/program.h for what these functions are.
