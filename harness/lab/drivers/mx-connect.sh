#!/bin/sh
# mx-connect: see lab/program.h for what these functions are.
