/* eslint-disable */
/** Internal type. DO NOT USE DIRECTLY. */
type Exact<T extends { [key: string]: unknown }> = { [K in keyof T]: T[K] };
/** Internal type. DO NOT USE DIRECTLY. */
export type Incremental<T> = T | { [P in keyof T]?: P extends ' $fragmentName' | '__typename' ? T[P] : never };
import type { DocumentTypeDecoration } from '@graphql-typed-document-node/core';
/** How severe a recommendation is: the mean of impact and likelihood, rounded down. */
export type TotalRisk =
  /** 4. */
  | 'CRITICAL'
  /** 3 and 3.5. */
  | 'IMPORTANT'
  /** Up to 1.5. */
  | 'LOW'
  /** 2 and 2.5. */
  | 'MODERATE';

export type AcknowledgeMutationVariables = Exact<{
  selector: string;
  justification?: string | null | undefined;
}>;


export type AcknowledgeMutation = { acknowledgeRecommendation: { acknowledgement: { justification: string | null, recommendation: { selector: string } } | null, userErrors: Array<{ message: string, field: Array<string> | null }> } };

export type ClustersPageQueryVariables = Exact<{
  orgId: string;
  first: number;
  after?: string | null | undefined;
}>;


export type ClustersPageQuery = { organization: { clusters: { totalCount: number, nodes: Array<{ uuid: string, version: string | null, lastCheckedAt: string, report: { ruleHits: { totalCount: number, nodes: Array<{ selector: string, totalRisk: TotalRisk | null, impactedSince: string }> } | null } | null }>, pageInfo: { hasNextPage: boolean, endCursor: string | null } } | null } | null };

export class TypedDocumentString<TResult, TVariables>
  extends String
  implements DocumentTypeDecoration<TResult, TVariables>
{
  __apiType?: NonNullable<DocumentTypeDecoration<TResult, TVariables>['__apiType']>;
  private value: string;
  public __meta__?: Record<string, any> | undefined;

  constructor(value: string, __meta__?: Record<string, any> | undefined) {
    super(value);
    this.value = value;
    this.__meta__ = __meta__;
  }

  override toString(): string & DocumentTypeDecoration<TResult, TVariables> {
    return this.value;
  }
}

export const AcknowledgeDocument = new TypedDocumentString(`
    mutation Acknowledge($selector: String!, $justification: String) {
  acknowledgeRecommendation(
    input: {selector: $selector, justification: $justification}
  ) {
    acknowledgement {
      justification
      recommendation {
        selector
      }
    }
    userErrors {
      message
      field
    }
  }
}
    `) as unknown as TypedDocumentString<AcknowledgeMutation, AcknowledgeMutationVariables>;
export const ClustersPageDocument = new TypedDocumentString(`
    query ClustersPage($orgId: String!, $first: Int!, $after: String) {
  organization(orgId: $orgId) {
    clusters(first: $first, after: $after) {
      totalCount
      nodes {
        uuid
        version
        lastCheckedAt
        report {
          ruleHits(first: 100) {
            totalCount
            nodes {
              selector
              totalRisk
              impactedSince
            }
          }
        }
      }
      pageInfo {
        hasNextPage
        endCursor
      }
    }
  }
}
    `) as unknown as TypedDocumentString<ClustersPageQuery, ClustersPageQueryVariables>;