#!/bin/sh
# haraka: see lab/program.h for what these functions are.
