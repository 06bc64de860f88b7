#!/bin/sh
# postfix: see lab/program.h for what these functions are.
