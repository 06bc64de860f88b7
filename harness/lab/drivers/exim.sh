#!/bin/sh
# exim: see lab/program.h for what these functions are.
