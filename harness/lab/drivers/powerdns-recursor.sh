#!/bin/sh
# powerdns-recursor: see lab/program.h for what these functions are.
