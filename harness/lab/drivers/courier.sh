#!/bin/sh
# courier: see lab/program.h for what these functions are.
